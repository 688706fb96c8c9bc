"""One-liners: probes and Python expressions become an ordinary osmia program, its maps become tables."""
