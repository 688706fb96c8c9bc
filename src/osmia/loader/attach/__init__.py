"""Hooks: one file for each."""
