"""Two hosts of the monitor's own: nothing outside of them is touched."""
