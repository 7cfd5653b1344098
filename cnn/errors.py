"""What can go wrong in the CNN library.

CnnError
├── InputError       a dataset, file or folder given to us breaks a rule; the message names it and the remedy
└── TrainingError    training stopped: the message names the epoch, the batch and what to change
"""

from __future__ import annotations


class CnnError(Exception):
    """The root of all errors of this library."""


class InputError(CnnError):
    """A dataset, file or folder breaks a rule; the message names it, the line, the rule, the value and the remedy."""


class TrainingError(CnnError):
    """Training could not go on; the message says where and what to change."""
