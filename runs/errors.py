"""What can go wrong with a run's folder."""

from __future__ import annotations


class RunMismatchError(Exception):
    """The folder holds a run with other inputs or parameters, or files that no step wrote."""
