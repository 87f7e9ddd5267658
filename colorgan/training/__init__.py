"""The trainer: photographs in folders or shards, the losses, and a run that survives everything."""
