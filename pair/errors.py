"""What can go wrong where a cascade and a network work together.

PairError
└── InputError    a file, picture, box or label given to us breaks a rule; the message names it and the remedy

The libraries of both keep their own errors: what is wrong with a cascade alone is a `cascade.errors.CascadeError`,
what is wrong with a network alone a `cnn.errors.CnnError`.
"""

from __future__ import annotations


class PairError(Exception):
    """The root of all errors of this library."""


class InputError(PairError):
    """A file, picture, box or label breaks a rule; the message names it, the rule, the value and the remedy."""
