"""`facefoundry cnn calibrate`: give a network of old, or one for other faces, the temperature that suits it."""

from __future__ import annotations

from pathlib import Path

from cnn.calibrate import calibrate_cnn
from flows.commands.terminal import show


def calibrate(model: Path, faces: Path, out: Path) -> None:
    """Fit a network's temperature on the validation faces, so that its probabilities are as sure as they are right.

    No answer changes its order, and so no accuracy. What `cnn train` saves is calibrated already.

    Parameters
    ----------
    model
        The `model.keras`. A temperature that is in it is replaced.
    faces
        What `facefoundry cnn merge` wrote.
    out
        The `.keras` file to write; it may be the model itself.
    """
    show(calibrate_cnn(model, faces, out))
