from __future__ import annotations

from pathlib import Path

import pytest

from cnn.errors import InputError
from flows.commands.calibrate_commands import calibrate


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no store.images\.npy"):
        calibrate(tmp_path / "model.keras", tmp_path / "no store", tmp_path / "out.keras")
