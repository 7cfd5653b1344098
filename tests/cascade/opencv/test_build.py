"""The installation with doubles of pip, cmake, ninja and the compilers: what goes wrong, and that nothing half remains.

One test at the end uses the real ones.
"""

import errno
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.errors import BuildError, ToolMissingError
from cascade.opencv import apps as opencv_apps
from cascade.opencv import build as opencv_build
from cascade.opencv import source as opencv_source
from cascade.process import stream
from runs.progress import Progress

REPOSITORY = Path(__file__).parents[3]
PROGRAM = "#!/bin/sh\necho Usage: $0\n"
PIP = """
import pathlib, shutil, sys
if "download" in sys.argv:
    shutil.copy(pathlib.Path(__file__).parent.parent / "archive", sys.argv[sys.argv.index("--dest") + 1] + "/{name}")
"""
CMAKE = """
import pathlib, sys
build = pathlib.Path(sys.argv[sys.argv.index("-B") + 1])
(build / "bin").mkdir(parents=True)
(build / "source").write_text(sys.argv[sys.argv.index("-S") + 1])
"""
NINJA = """
import os, pathlib, sys
build = pathlib.Path(sys.argv[sys.argv.index("-C") + 1])
with open(pathlib.Path(__file__).parent.parent / "builds", "a") as file:
    file.write(f"{{os.getpid()}} ")
print("[1/2] first", flush=True)
{more}
print("[2/2] second", flush=True)
for name in ("opencv_createsamples", "opencv_traincascade"):
    (build / "bin" / name).write_text({program!r})
    (build / "bin" / name).chmod(0o755)
"""
INSTALLER = """
import sys
from pathlib import Path
from cascade.opencv import build as opencv_build
from cascade.opencv import source as opencv_source
opencv_source.SHA256 = sys.argv[1]
opencv_source.make_environment = lambda folder, run: Path(sys.argv[2])
print(opencv_build.install(lambda progress: print(progress.message, flush=True)))
"""


@dataclass
class Machine:
    """A machine whose tools are doubles."""

    tools: Path
    cache: Path
    sha256: str

    @property
    def target(self) -> Path:
        return opencv_apps.cache_folder()

    def write(self, name: str, code: str) -> None:
        path = self.tools / name
        path.write_text(f"#!{sys.executable} -S\n{code}")
        path.chmod(0o755)

    def ninja(self, more: str = "", program: str = PROGRAM) -> None:
        self.write("ninja", NINJA.format(more=more, program=program))

    def installer(self) -> subprocess.Popen:
        command = [sys.executable, "-c", INSTALLER, self.sha256, str(self.tools)]
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)

    def builds(self) -> list[int]:
        path = self.tools.parent / "builds"
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def left(self) -> set[str]:
        return {path.name for path in self.target.parent.iterdir()}


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    root = opencv_source.ARCHIVE.removesuffix(".tar.gz")
    with tarfile.open(tmp_path / "archive", "w:gz") as tar:
        member = tarfile.TarInfo(f"{root}/opencv/modules/imgproc/src/color.cpp")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"color"))
    sha256 = hashlib.sha256((tmp_path / "archive").read_bytes()).hexdigest()
    double = Machine(tmp_path / "tools", tmp_path / "cache", sha256)
    for folder in ("tools", "compilers"):
        (tmp_path / folder).mkdir()
    double.write("python", PIP.format(name=opencv_source.ARCHIVE))
    double.write("cmake", CMAKE)
    double.ninja()
    for name in ("c++", "cc"):
        (tmp_path / "compilers" / name).write_text(PROGRAM)
        (tmp_path / "compilers" / name).chmod(0o755)
    monkeypatch.setattr(opencv_source, "SHA256", sha256)
    monkeypatch.setattr(opencv_source, "make_environment", lambda _folder, _run: double.tools)
    for name in (opencv_apps.ENVIRONMENT, "CXX", "CC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "compilers"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return double


class TestInstall:
    def test_both_programs_and_their_record_are_there_and_nothing_else(self, machine):
        reports: list[Progress] = []
        folder = opencv_build.install(reports.append, jobs=3)
        assert folder == machine.target / "bin"
        assert {path.name for path in folder.iterdir()} == set(opencv_apps.NAMES)
        assert opencv_apps.find(opencv_apps.TRAINCASCADE).parent == folder
        record = json.loads((machine.target / "provenance.json").read_text())
        assert record["source_sha256"] == machine.sha256
        assert Path(record["compiler"]).name == "c++"
        assert machine.left() == {"opencv-3.4.18", "opencv-3.4.18.log", ".opencv-3.4.18.lock"}
        assert [(step.done, step.total) for step in reports if step.total] == [(1, 2), (2, 2)]

    def test_the_second_time_does_nothing(self, machine):
        opencv_build.install()
        reports: list[Progress] = []
        assert opencv_build.install(reports.append) == machine.target / "bin"
        assert reports == []
        assert len(machine.builds()) == 1

    def test_programs_found_elsewhere_are_enough(self, machine, tmp_path, monkeypatch):
        for name in opencv_apps.NAMES:
            (tmp_path / name).write_text(PROGRAM)
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, str(tmp_path))
        assert opencv_build.install() == tmp_path
        assert machine.builds() == []

    def test_force_builds_again_and_replaces(self, machine):
        opencv_build.install()
        machine.ninja(program=PROGRAM + "# newer\n")
        opencv_build.install(force=True)
        assert "newer" in opencv_apps.find(opencv_apps.TRAINCASCADE).read_text()
        assert machine.left() == {"opencv-3.4.18", "opencv-3.4.18.log", ".opencv-3.4.18.lock"}

    def test_where_the_linker_wants_more_everything_is_compiled(self, machine):
        machine.ninja(more="""
source = pathlib.Path((build / "source").read_text())
if not (source / "modules/imgproc/src/color.cpp").read_text():
    sys.exit("ld: undefined reference to `cv::cvtColor'")
""")  # fmt: skip
        opencv_build.install()
        assert len(machine.builds()) == 2


class TestFailures:
    def test_no_compiler(self, machine, monkeypatch):
        monkeypatch.setenv("PATH", str(machine.tools))
        with pytest.raises(BuildError, match=r"No C\+\+ compiler was found \(looked for c\+\+, .*apt install g\+\+"):
            opencv_build.install()
        assert not machine.target.parent.exists()

    @pytest.mark.usefixtures("machine")
    def test_a_compiler_of_the_environment_that_is_not_there(self, monkeypatch):
        monkeypatch.setenv("CXX", "no-such-compiler -m32")
        with pytest.raises(BuildError, match=r"`CXX` is `no-such-compiler -m32`"):
            opencv_build.install()

    def test_a_variable_that_would_hide_the_result_is_named_before_building(self, machine, tmp_path, monkeypatch):
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, str(tmp_path))
        with pytest.raises(ToolMissingError, match=r"`FACEFOUNDRY_OPENCV_BIN` is"):
            opencv_build.install()
        assert machine.builds() == []

    @pytest.mark.parametrize("tool", ["python", "cmake", "ninja"])
    def test_a_tool_that_fails_is_named_with_its_last_lines_and_the_log(self, machine, tool):
        machine.write(tool, "print(*range(100), sep='\\n')\nraise SystemExit('out of luck')")
        with pytest.raises(
            BuildError, match=rf"(?s)`{tool}` ended with status 1.*{machine.target}\.log.* 99\n *out of"
        ):
            opencv_build.install()
        assert machine.left() == {"opencv-3.4.18.log", ".opencv-3.4.18.lock"}
        assert "out of luck" in (machine.target.parent / "opencv-3.4.18.log").read_text()
        assert not opencv_apps.is_installed()

    def test_a_compiler_killed_for_memory(self, machine):
        machine.ninja(more="os.kill(os.getpid(), 9)")
        with pytest.raises(BuildError, match=r"`ninja` ended with status -9 \(killed by signal 9: out of memory\?\)"):
            opencv_build.install()

    def test_another_archive(self, machine, monkeypatch):
        monkeypatch.setattr(opencv_source, "SHA256", "0" * 64)
        with pytest.raises(BuildError, match=rf"must have the SHA-256 {'0' * 64}. Got {machine.sha256}"):
            opencv_build.install()
        assert machine.builds() == []

    @pytest.mark.parametrize("program", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "no program"])
    def test_programs_that_do_not_start_are_not_installed(self, machine, program):
        machine.ninja(program=program)
        with pytest.raises(BuildError, match=r"`opencv_createsamples` (ended with status|was built but does not)"):
            opencv_build.install()
        assert machine.left() == {"opencv-3.4.18.log", ".opencv-3.4.18.lock"}

    def test_a_failed_forced_build_leaves_the_old_programs(self, machine):
        folder = opencv_build.install()
        machine.ninja(more="sys.exit(1)")
        with pytest.raises(BuildError, match="`ninja` ended with status 1"):
            opencv_build.install(force=True)
        assert opencv_apps.find(opencv_apps.TRAINCASCADE).parent == folder

    def test_a_cache_that_cannot_be_written_is_named(self, machine):
        machine.cache.write_text("a file where a folder should be")
        with pytest.raises(
            BuildError, match=r"cache/facefoundry`: Not a directory. Make room, or set `XDG_CACHE_HOME`"
        ):
            opencv_build.install()

    def test_a_full_disk_is_said(self, machine, monkeypatch):
        def extract(archive: Path, folder: Path) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder))

        monkeypatch.setattr(opencv_source, "extract", extract)
        with pytest.raises(BuildError, match=r"building/source`: No space left on device. Make room"):
            opencv_build.install()
        assert machine.left() == {"opencv-3.4.18.log", ".opencv-3.4.18.lock"}


class TestTwoAndKilled:
    def test_a_killed_build_leaves_nothing_that_counts_and_is_swept_by_the_next(self, machine):
        machine.ninja(more="import time; time.sleep(600)")
        with machine.installer() as process:
            deadline = time.monotonic() + 30
            while not machine.builds() and time.monotonic() < deadline:
                time.sleep(0.02)
            process.kill()
        assert not opencv_apps.is_installed()
        assert ".opencv-3.4.18.building" in machine.left()
        self.wait_for_end_of(machine.builds()[0])
        machine.ninja()
        opencv_build.install()
        assert machine.left() == {"opencv-3.4.18", "opencv-3.4.18.log", ".opencv-3.4.18.lock"}

    def test_two_at_once_build_once(self, machine):
        machine.ninja(more="import time; time.sleep(1)")
        both = [machine.installer(), machine.installer()]
        said = [process.communicate(timeout=60)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert len(machine.builds()) == 1
        assert sum("waiting for another installation" in text for text in said) == 1
        assert all(text.endswith(f"{machine.target / 'bin'}\n") for text in said)

    @staticmethod
    def wait_for_end_of(pid: int) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        pytest.fail(f"process {pid} has outlived its installer")


@pytest.mark.slow
@pytest.mark.opencv
def test_the_real_programs_make_samples_and_train_on_them(tmp_path):
    opencv_build.install()
    generator = np.random.default_rng(0)
    for index in range(30):
        face = generator.integers(0, 90, (24, 24), dtype=np.uint8)
        face[:, 8:16] += 120
        cv2.imwrite(str(tmp_path / f"p{index}.png"), face)
        cv2.imwrite(str(tmp_path / f"n{index}.jpg"), generator.integers(0, 255, (64, 64), dtype=np.uint8))
    (tmp_path / "info.lst").write_text("".join(f"p{index}.png 1 0 0 24 24\n" for index in range(30)))
    (tmp_path / "bg.txt").write_text("".join(f"n{index}.jpg\n" for index in range(30)))
    (tmp_path / "out").mkdir()
    size = {"width": 20, "height": 20, "vec": "a.vec"}
    samples = opencv_apps.command(opencv_apps.CREATESAMPLES, {"info": "info.lst", "num": 30, **size})
    assert stream(samples, print, cwd=tmp_path, timeout=60) == 0
    assert struct.unpack("<2i", (tmp_path / "a.vec").read_bytes()[:8]) == (30, 400)
    lines: list[str] = []
    wanted = {"data": "out", "bg": "bg.txt", "num_pos": 25, "num_neg": 20, "num_stages": 1, "num_threads": 1, **size}
    training = opencv_apps.command(opencv_apps.TRAINCASCADE, {**wanted, "feature_type": "LBP"})
    assert stream(training, lines.append, cwd=tmp_path, timeout=60) == 0
    assert lines.count("NEG current samples: 20") == 1
    assert not cv2.CascadeClassifier(str(tmp_path / "out" / "cascade.xml")).empty()
