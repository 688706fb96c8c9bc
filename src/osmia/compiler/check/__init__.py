"""The type check, which gives the typed IR."""
