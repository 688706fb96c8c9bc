"""How well the monitor finds scans: real scanners in network namespaces, and a day of ordinary traffic."""
