"""A run on many machines, by Ray."""
