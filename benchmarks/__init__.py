"""Scripts that compare backends."""
