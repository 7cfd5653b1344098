"""The house's rules as tests: who may import whom, and what may never stand where."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("runs", "cascade", "cnn", "pair", "live", "tasks", "flows")
MAY_IMPORT = {
    "runs": {"runs"},
    "cascade": {"cascade", "runs"},
    "cnn": {"cnn", "runs"},
    "pair": {"pair", "cascade", "cnn", "runs"},
    "live": {"live", "pair", "cascade", "cnn", "runs"},
    "tasks": {"tasks", "pair", "cascade", "cnn", "runs"},
    "flows": set(ROOMS),
}
STRANGERS = {"prefect", "mlflow", "dvc", "pydantic", "cyclopts"}
FORBIDDEN = {
    "runs": STRANGERS | {"cv2", "keras", "tensorflow"},
    "cascade": STRANGERS | {"keras", "tensorflow"},
    "cnn": STRANGERS,
    "pair": STRANGERS | {"keras", "tensorflow"},
    "live": STRANGERS | {"keras", "tensorflow"},
    "tasks": {"cyclopts"},
    "flows": {"mlflow"},
}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_down(room: str) -> None:
    for path in modules(room):
        tops = {name.split(".")[0] for name in imports(path)}
        assert tops & set(ROOMS) <= MAY_IMPORT[room], path
        assert not tops & FORBIDDEN[room], path


def test_only_the_publishing_modules_touch_mlflow() -> None:
    touching = {p.name for room in ROOMS for p in modules(room) if any(n.split(".")[0] == "mlflow" for n in imports(p))}
    assert {name for name in touching if not name.startswith("publish_mlflow")} == set()


def test_no_import_loop() -> None:
    graph = {name_of(p): set(imports(p)) for room in ROOMS for p in modules(room)}
    edges = {module: {name for name in names if name in graph and name != module} for module, names in graph.items()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for below in edges[module]:
                visit(below, (*above, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_mlflow_folder_is_no_package_and_nothing_shadows_a_room() -> None:
    assert not (ROOT / "mlflow" / "__init__.py").exists()
    tracked = [path for room in (*ROOMS, "mlflow", "tests") for path in (ROOT / room).rglob("*.py")]
    assert not [path for path in tracked if path.stem in {*ROOMS, "mlflow", "tests"}]


def test_the_package_list_names_every_package_and_not_mlflow() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {name_of(path) for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    assert set(listed) == found


def test_exactly_one_opencv_distribution_is_installed() -> None:
    names = {d.metadata["Name"] for d in distributions() if d.metadata["Name"].startswith("opencv")}
    assert names == {"opencv-contrib-python-headless"}


def test_the_lock_pins_everything_by_hash_and_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    for entry in re.split(r"\n(?=[a-z])", lock.strip()):
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_no_tracked_file_names_a_registry_or_a_machine() -> None:
    # Built from pieces, so that this file does not name them itself.
    hosts = "|".join(("py" + "pi[.]org", "python" + "hosted[.]", "deb[.]" + "debian", "registry[.]" + "npm"))
    found = subprocess.run(
        ["git", "grep", "-nIE", f"{hosts}|/ro{'ot'}/|/wo{'rk'}/(main|shared)"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""


@pytest.mark.parametrize("room", ["cascade", "cnn", "pair", "live", "tasks"])
def test_heavy_libraries_are_imported_where_they_are_used(room: str) -> None:
    heavy = {"tensorflow", "mlflow", "sklearn"}
    for path in modules(room):
        tops = {
            alias.name.split(".")[0]
            for node in ast.parse(path.read_text()).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
        }
        assert not tops & heavy, path
