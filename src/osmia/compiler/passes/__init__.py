"""What is done to the typed IR before the backend: one file for each pass."""
