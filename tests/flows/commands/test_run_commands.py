"""What `facefoundry run` refuses before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.commands.run_commands import RunOptions, cascade
from runs.parameters import ParameterError


def test_a_data_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ParameterError, match=r"`data` must be a folder\. Got .*none\. `facefoundry sample-data` writes"
    ):
        cascade(options=RunOptions(data=tmp_path / "none", out=tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_processes_that_would_train_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"`training_processes` is for the CNN's training, of which `run cascade`"):
        cascade(options=RunOptions(data=tmp_path, out=tmp_path / "out", training_processes=2))
    assert list(tmp_path.iterdir()) == []
