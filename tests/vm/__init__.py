"""Debian kernels, old and new, under emulation: the tests marked `core` run on each."""
