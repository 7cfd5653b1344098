"""The pair's cascade, network and scene: see `tests/pair/conftest.py`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("pair_conftest", Path(__file__).parents[1] / "pair" / "conftest.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_FIXTURES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_FIXTURES)
cascade, network = _FIXTURES.cascade, _FIXTURES.network
pair_scene = _FIXTURES.scene
