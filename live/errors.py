"""What can go wrong while watching.

LiveError
├── SourceError     the camera, picture, film or address cannot be opened
├── DisplayError    there is no display to open a window on
└── OutputError     what was asked for cannot be written
"""

from __future__ import annotations


class LiveError(Exception):
    """The root of all errors of this library."""


class SourceError(LiveError):
    """What was to be watched cannot be opened or read; the message says why and what to do."""


class DisplayError(LiveError):
    """A window was asked for where there is no display."""


class OutputError(LiveError):
    """An output cannot be written; the message names it and the remedy."""
