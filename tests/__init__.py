"""The tests, by what they need: see docs/architecture.md."""
