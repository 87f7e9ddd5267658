"""From a checkpoint to files for other runtimes, checked against it."""
