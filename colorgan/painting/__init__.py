"""One photograph on its way from a file to a file in color."""
