"""Where files are: on a disk or in an object store, and how to write them safely."""
