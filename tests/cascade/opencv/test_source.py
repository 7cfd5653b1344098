"""The source of OpenCV: fetched by pip as its user has set it up, checked, unpacked without escapes, thinned out."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from cascade.errors import BuildError
from cascade.opencv import source as opencv_source
from cascade.opencv.source import ARCHIVE, check, download, extract, leave_out_unreached, make_environment, put_back

ROOT = ARCHIVE.removesuffix(".tar.gz")


def pack(path: Path, files: dict[str, bytes], *special: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in special:
            tar.addfile(member)
    return path


class TestMakeEnvironment:
    def test_pip_installs_the_tools_into_the_new_environment(self, tmp_path):
        ran = []
        folder = make_environment(tmp_path / "environment", ran.append)
        assert folder == tmp_path / "environment" / "bin"
        assert ran[0][1:] == ["-m", "venv", tmp_path / "environment"]
        assert ran[1][0] == folder / "python"
        assert {"cmake>=3.25,<4", "ninja>=1.11"} <= set(ran[1])

    def test_a_python_without_venv_is_explained(self, tmp_path):
        def run(argv):
            raise BuildError("ensurepip is not available")

        with pytest.raises(BuildError, match=r"(?s)apt install python3-venv.*ensurepip is not available"):
            make_environment(tmp_path, run)


class TestDownload:
    def test_pip_gets_the_hash_and_no_address(self, tmp_path, monkeypatch):
        monkeypatch.setattr(opencv_source, "SHA256", hashlib.sha256(b"archive").hexdigest())
        ran = []

        def run(argv):
            ran.extend(map(str, argv))
            (tmp_path / "d" / ARCHIVE).write_bytes(b"archive")

        assert download(Path("python"), tmp_path / "d", run) == tmp_path / "d" / ARCHIVE
        assert "--require-hashes" in ran
        assert not any("://" in argument or "index" in argument for argument in ran)
        wanted = (tmp_path / "d" / "requirements.txt").read_text()
        assert wanted.startswith("opencv-python==3.4.18.65 --hash=sha256:0c2d5ebd")

    def test_another_hash_is_refused(self, tmp_path):
        (tmp_path / ARCHIVE).write_bytes(b"something else")
        with pytest.raises(BuildError, match=r"must have the SHA-256 0c2d5ebd\w+. Got \w{64}"):
            check(tmp_path / ARCHIVE)

    def test_a_pip_that_leaves_nothing_is_noticed(self, tmp_path):
        with pytest.raises(BuildError, match=r"pip ended without `opencv-python-3.4.18.65.tar.gz`"):
            download(Path("python"), tmp_path / "d", lambda _argv: None)


class TestExtract:
    def test_only_opencv_is_unpacked(self, tmp_path):
        archive = pack(tmp_path / ARCHIVE, {f"{ROOT}/opencv/a/b.txt": b"b", f"{ROOT}/setup.py": b"s"})
        folder = extract(archive, tmp_path / "out")
        assert folder == tmp_path / "out" / ROOT / "opencv"
        files = [path.relative_to(folder).as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert files == ["a/b.txt"]

    def test_a_path_that_climbs_out_is_refused(self, tmp_path):
        archive = pack(tmp_path / ARCHIVE, {f"{ROOT}/opencv/../../../escaped": b"x"})
        with pytest.raises(BuildError, match=r"`.*escaped` would be written outside"):
            extract(archive, tmp_path / "out")
        assert not (tmp_path / "escaped").exists()

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
    def test_links_and_devices_are_refused(self, tmp_path, kind):
        member = tarfile.TarInfo(f"{ROOT}/opencv/odd")
        member.type, member.linkname = kind, "/etc/passwd"
        archive = pack(tmp_path / ARCHIVE, {}, member)
        with pytest.raises(BuildError, match="odd` is neither a file nor a folder"):
            extract(archive, tmp_path / "out")


class TestLeavingOut:
    FILES = (
        "imgproc/src/resize.cpp", "imgproc/src/resize.avx2.cpp", "imgproc/src/color.cpp", "core/src/opengl.cpp",
        "core/src/matrix.cpp", "core/src/opencl/runtime/opencl_clamdfft.cpp", "flann/src/flann.cpp",
        "imgproc/src/resize.hpp", "ml/src/em.cpp", "imgproc/test/test_color.cpp",
    )  # fmt: skip
    EMPTIED = frozenset({
        "imgproc/src/color.cpp", "core/src/opengl.cpp", "core/src/opencl/runtime/opencl_clamdfft.cpp",
        "flann/src/flann.cpp",
    })  # fmt: skip

    @pytest.fixture
    def modules(self, tmp_path) -> Path:
        for name in self.FILES:
            path = tmp_path / "modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return tmp_path / "modules"

    def test_what_neither_program_reaches_is_emptied_and_the_rest_is_kept(self, modules):
        leave_out_unreached(modules.parent)
        assert {name for name in self.FILES if not (modules / name).read_text()} == self.EMPTIED

    def test_everything_can_be_put_back(self, modules):
        leave_out_unreached(modules.parent)
        put_back(modules.parent)
        assert all((modules / name).read_text() == name for name in self.FILES)
        assert len([path for path in modules.rglob("*") if path.is_file()]) == len(self.FILES)
