"""The command `osmia`."""
