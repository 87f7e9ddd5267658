"""The commands: thin shells around the library."""
