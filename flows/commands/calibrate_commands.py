"""`facefoundry cnn calibrate`: give a network another temperature, for other faces, or another number of views."""

from __future__ import annotations

from pathlib import Path

from cnn.calibrate import calibrate_cnn
from cnn.views import Views
from flows.commands.terminal import show


def calibrate(model: Path, faces: Path, out: Path, *, views: Views | None = None) -> None:
    """Fit a network's temperature on the validation faces, so that its probabilities are as sure as they are right.

    The temperature changes no answer's order, and so no accuracy; `--views` does, for better and slower or the other
    way. What `cnn train` saves is calibrated already.

    Parameters
    ----------
    model
        The `model.keras`. A temperature that is in it is replaced.
    faces
        What `facefoundry cnn merge` wrote.
    out
        The `.keras` file to write; it may be the model itself.
    views
        Views of a face whose answers the model averages: 1, 2 with the mirror image, 6 with larger and smaller ones
        too. As many as before, unless given.
    """
    show(calibrate_cnn(model, faces, out, views))
