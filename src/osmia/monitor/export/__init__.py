"""What leaves the monitor for other programs."""
