"""Get the source of OpenCV 3.4.18: out of the source distribution of opencv-python, which pip fetches and checks.

The archive is named by its SHA-256. pip runs the archive's `setup.py` to learn its name, even for a download: it does
so in a virtual environment made for the purpose, and only after it has checked the hash.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cascade.errors import BuildError

ARCHIVE = "opencv-python-3.4.18.65.tar.gz"
SHA256 = "0c2d5ebd08420079d6ebdec7a247f0284d403edd87647e9fbcc474c5adcb310b"
REQUIREMENT = f"opencv-python==3.4.18.65 --hash=sha256:{SHA256}"
# What the build needs: cmake and ninja as wheels; the other three are what the archive's setup.py imports.
BUILD_TOOLS = ("cmake>=3.25,<4", "ninja>=1.11", "scikit-build>=0.17,<1", "setuptools>=65,<81", "wheel")
_PIP = ("-m", "pip", "--no-input", "--disable-pip-version-check")
_NO_BAR = "--progress-bar=off"

Run = Callable[[Sequence[str | Path]], None]
"""Runs a program, its lines into the log; raises BuildError when it fails."""

REACHED: Mapping[str, str] = {
    "imgproc": "bilateral_filter box_filter filter imgwarp median_blur morph resize smooth sumpixels tables templmatch"
    " undistort",
    "calib3d": "calibration compat_ptsetreg fundam levmarq ptsetreg rho",
    "features2d": "",
    "flann": "",
    "objdetect": "",
    "videoio": "",
    "highgui": "window",
    "imgcodecs": "bitstrm exif grfmt_base grfmt_bmp grfmt_jpeg grfmt_pam grfmt_png grfmt_pxm loadsave utils",
}
"""By module, the source files whose code the linker takes into either program (from the linker's map)."""

UNREACHED: Mapping[str, str] = {
    "core": "opengl ovx opencl_clamdfft opencl_clamdblas lda gl_core_3_1 lpsolver conjugate_gradient downhill_simplex"
    " bindings_utils batch_distance datafile cuda_info cuda_gpu_mat cuda_stream cuda_host_mem async"
    " command_line_parser samples va_intel directx",
}
"""The same for `core`, where most is reached: the files that are not."""


def make_environment(folder: Path, run: Run) -> Path:
    """Make a virtual environment with the build's tools; return its `bin` folder. Ours stays as it is."""
    try:
        run([sys.executable, "-m", "venv", folder])
    except BuildError as error:
        remedy = "On Debian and Ubuntu: `sudo apt install python3-venv`."
        raise BuildError(f"Python cannot make a virtual environment. {remedy}\n{error}") from error
    run([folder / "bin" / "python", *_PIP, "install", _NO_BAR, *BUILD_TOOLS])
    return folder / "bin"


def download(python: Path, folder: Path, run: Run) -> Path:
    """Let pip, with the user's own configuration, fetch the archive into `folder`; return its checked path."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"
    wanted.write_text(REQUIREMENT + "\n", encoding="utf-8")
    how = ("--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--no-cache-dir")
    run([python, *_PIP, "download", _NO_BAR, *how, "--dest", folder, "-r", wanted])
    return check(folder / ARCHIVE)


def check(archive: Path) -> Path:
    """Return `archive` when its SHA-256 is the known one; raise BuildError otherwise."""
    if not archive.is_file():
        raise BuildError(f"pip ended without `{archive.name}`. Does the package index have opencv-python 3.4.18.65?")
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        remedy = "Ask whoever serves your package index."
        raise BuildError(f"`{archive.name}` must have the SHA-256 {SHA256}. Got {found}. {remedy}")
    return archive


def extract(archive: Path, folder: Path) -> Path:
    """Unpack the archive's OpenCV into `folder`; return OpenCV's own folder.

    Raises
    ------
    BuildError
        A member would land outside `folder`, or is no plain file or folder.
    """
    folder.mkdir(parents=True)
    root = archive.name.removesuffix(".tar.gz")
    with tarfile.open(archive) as tar:
        # Python 3.11.4 and later check members themselves; Debian 12's 3.11.2 does not.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        members = [member for member in tar if member.name.startswith(f"{root}/opencv/")]
        for member in members:
            _check_member(member, folder)
        tar.extractall(folder, members)
    return folder / root / "opencv"


def leave_out_unreached(opencv: Path) -> None:
    """Empty the source files that neither program needs: half of the compiler's time, and the same programs."""
    for file in _unreached(opencv / "modules"):
        file.rename(file.with_name(file.name + ".left_out"))
        file.touch()


def put_back(opencv: Path) -> None:
    """Undo `leave_out_unreached`: for a compiler or a processor where the linker wants more."""
    for file in (opencv / "modules").rglob("*.cpp.left_out"):
        file.replace(file.with_suffix(""))


def _unreached(modules: Path) -> list[Path]:
    # "resize.avx2.cpp" and "resize.dispatch.cpp" go with "resize": which of them exist depends on the processor.
    found: list[Path] = []
    for module, kept in REACHED.items():
        found += [file for file in _sources(modules / module) if file.name.split(".")[0] not in kept.split()]
    for module, dropped in UNREACHED.items():
        found += [file for file in _sources(modules / module) if file.name.split(".")[0] in dropped.split()]
    return found


def _sources(module: Path) -> list[Path]:
    return sorted((module / "src").rglob("*.cpp"))


def _check_member(member: tarfile.TarInfo, folder: Path) -> None:
    target = (folder / member.name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise BuildError(f"The archive's member `{member.name}` would be written outside `{folder}`.")
    if not (member.isfile() or member.isdir()):
        raise BuildError(f"The archive's member `{member.name}` is neither a file nor a folder.")
