"""Annotation formats: each module reads and writes one, to and from the same records."""
