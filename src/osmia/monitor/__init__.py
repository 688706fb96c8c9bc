"""A network monitor on top of osmia: it counts, detects port scans and blocks, in the kernel."""
