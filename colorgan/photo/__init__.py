"""Photographs as files: read, decode, encode and describe them."""
