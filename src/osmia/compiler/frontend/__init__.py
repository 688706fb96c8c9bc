"""Which Python is compiled: the table of what is refused, and the walk that reports all of it at once."""
