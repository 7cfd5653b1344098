"""Drawn objects in drawn scenes: the sample data."""
