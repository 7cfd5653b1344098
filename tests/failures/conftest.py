"""What the tests of failures share: who still runs, and who listens where."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from runs.record import digest

STUMP = Path(__file__).parent.parent / "tasks" / "stump_cascade.xml"


@pytest.fixture(scope="session")
def processes_with() -> Callable[[str], list[int]]:
    """Finds the processes whose environment, as they were started with it, has a word in it: it is inherited."""

    def find(word: str) -> list[int]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if word.encode() in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:  # it ended while we looked
                continue
        return found

    return find


@pytest.fixture(scope="session")
def listening() -> Callable[[list[int]], list[str]]:
    """Finds the addresses beyond loopback that processes listen on."""
    return lambda processes: [each for process in processes for each in _listening(process)]


@pytest.fixture(scope="session")
def write_model() -> Callable[[Path], tuple[Path, Path, Path]]:
    """Writes a cascade, its training's folder and its evaluation's: what registering takes."""
    return _write_model


def _listening(process: int) -> list[str]:
    """Sockets that wait for callers (state 0A), from the kernel's own tables."""
    try:
        links = [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()]
        tables = [Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    except OSError:
        return []
    rows = [row.split() for table in tables for row in table]
    waiting = [_address(row[1]) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links]
    return [address for address in waiting if not address.startswith("127.") and address != "::1"]


def _address(told: str) -> str:
    """An address as the kernel writes it: words of four bytes in hexadecimal, in the machine's order."""
    words = told.partition(":")[0]
    raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _write_model(folder: Path) -> tuple[Path, Path, Path]:
    """A cascade with a megabyte of comment, and what its training and its evaluation leave beside it."""
    for name in ("run", "score"):
        (folder / name).mkdir(parents=True)
    cascade = folder / "cascade.xml"
    cascade.write_text(f"{STUMP.read_text()}<!-- {folder.name * 200_000} -->\n")
    files = {
        "run/run.json": {"step": "train", "parameters": {}, "inputs": {}},
        "run/training.json": {"seconds": 1.0},
        "score/metrics.json": {
            "model_sha256": digest(cascade),
            **{"recall": 0.5, "recommended_recall": 0.5, "recommended_min_neighbors": 2, "scale_factor": 1.2},
            **{"min_size": 24, "max_size": None, "recommended_within_budget": True},
        },
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value))
    (folder / "run/history.csv").write_text("stage,hit_rate\n0,0.99\n")
    (folder / "score/curve.csv").write_text("a,b\n1,2\n")
    for name in ("curve", "montage"):
        (folder / f"score/{name}.png").write_bytes(b"picture")
    return cascade, folder / "run", folder / "score"
