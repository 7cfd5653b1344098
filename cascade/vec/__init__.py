"""The .vec file of samples, and the tools for it."""
