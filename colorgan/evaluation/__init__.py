"""How good results are: error against the original, and measures of perception."""
