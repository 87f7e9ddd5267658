"""Tries to lose a photograph, on purpose: see docs/testing.md."""
