"""A folder of photographs from start to end: which files, in what order, and what became of them."""
