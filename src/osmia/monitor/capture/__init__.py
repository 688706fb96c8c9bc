"""Frames of a source or connection, to a pcapng file with the verdict of the lists beside each."""
