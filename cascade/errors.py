"""What can go wrong in the cascade library.

CascadeError
├── InputError          a file or folder given to us breaks a rule; the message names it and the remedy
├── ToolMissingError    an external program is not here
├── ToolFailedError     an external program ended without its result
├── BuildError          OpenCV's programs could not be built
└── TrainingError       training ended without a cascade
"""

from __future__ import annotations


class CascadeError(Exception):
    """The root of all errors of this library."""


class InputError(CascadeError):
    """A file or folder breaks a rule; the message names it, the line, the rule, the value and the remedy."""


class ToolMissingError(CascadeError):
    """An external program was not found; the message says how to get it."""


class ToolFailedError(CascadeError):
    """An external program ended without the result it should have left."""


class BuildError(CascadeError):
    """OpenCV's programs could not be obtained or built."""


class TrainingError(CascadeError):
    """Training ended without a cascade; the message says why in words, and what to change."""
