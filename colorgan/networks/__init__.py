"""The networks, in PyTorch: generator, discriminator, what is exported of them, and their checkpoint."""
