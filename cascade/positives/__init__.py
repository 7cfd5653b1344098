"""Positives that teach: cut, varied, or laid on backgrounds."""
