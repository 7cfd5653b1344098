"""Obtain OpenCV 3.4's two programs where a machine has none: fetch the source, build what they need, install.

OpenCV 4 has switched them off and no distribution packs them. The build takes about four minutes of processor time: one
minute on four cores. Nothing is downloaded but by pip, and nothing is installed outside the user's cache folder.

The result is a folder `opencv-3.4.18` that holds `bin/` and `provenance.json`. It appears whole, by a rename, after
both programs have been started once. The work is done in a folder beside it, which belongs to whoever holds the lock
file: what a killed build has left there is swept away by the next one.
"""

from __future__ import annotations

import fcntl
import os
import re
import resource
import shutil
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cascade.errors import BuildError, CascadeError
from cascade.opencv import apps as opencv_apps
from cascade.opencv import source as opencv_source
from cascade.process import stream
from runs.files import replacing_folder, write_json
from runs.progress import Progress, Report, silent

TAIL = 40
"""How many of the log's last lines an error quotes."""
COMPILERS = {"C++": ("CXX", "c++", "g++", "clang++"), "C": ("CC", "cc", "gcc", "clang")}
"""By language: the environment variable that names a compiler, and the usual names."""

_ON = "BUILD_opencv_apps OPENCV_FORCE_3RDPARTY_BUILD BUILD_ZLIB BUILD_PNG BUILD_JPEG WITH_PTHREADS_PF"
# Networks, cameras, windows, exotic formats, other languages, tests; and all that would look for or fetch something.
_OFF = (
    "BUILD_SHARED_LIBS BUILD_TESTS BUILD_PERF_TESTS BUILD_EXAMPLES BUILD_DOCS BUILD_JAVA BUILD_PACKAGE BUILD_TBB"
    " BUILD_OPENEXR BUILD_ITT BUILD_IPP_IW BUILD_opencv_python2 BUILD_opencv_python3 CV_TRACE ENABLE_CCACHE"
    " ENABLE_PRECOMPILED_HEADERS WITH_IPP WITH_ITT WITH_OPENCL WITH_OPENCLAMDFFT WITH_OPENCLAMDBLAS WITH_LAPACK"
    " WITH_EIGEN WITH_PROTOBUF WITH_QUIRC WITH_TIFF WITH_WEBP WITH_JASPER WITH_OPENEXR WITH_IMGCODEC_HDR"
    " WITH_IMGCODEC_SUNRASTER WITH_GTK WITH_QT WITH_OPENGL WITH_VTK WITH_FFMPEG WITH_GSTREAMER WITH_V4L WITH_1394"
    " WITH_TBB WITH_OPENMP WITH_CUDA WITH_DIRECTX WITH_CAROTENE"
)
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    # Newer compilers than 3.4.18 knew: headers no longer bring <cstdint> along; C's old sins are errors.
    "-DCMAKE_CXX_FLAGS=-include cstdint",
    "-DCMAKE_C_FLAGS=-Wno-error=implicit-function-declaration",
    "-DCMAKE_EXE_LINKER_FLAGS=-s",
    "-DBUILD_LIST=core,imgproc,imgcodecs,highgui,videoio,calib3d,features2d,flann,objdetect",
    "-DBUILD_APPS_LIST=traincascade;createsamples",
    # With all that is off nothing is left to download; were there something, this says: try no times.
    "-DOPENCV_DOWNLOAD_TRIES_LIST=",
    # No variants of functions for newer processors: training is not faster with them (measured), compiling slower.
    "-DCPU_DISPATCH=",
    *(f"-D{name}=ON" for name in _ON.split()),
    *(f"-D{name}=OFF" for name in _OFF.split()),
)


def install(report: Report = silent, *, jobs: int | None = None, force: bool = False) -> Path:
    """Make both programs available; return the folder that holds them. Does nothing when they are there.

    Parameters
    ----------
    report
        Is told each phase, and while compiling the count of files.
    jobs
        Compilers at a time; None: one a processor that we may use.
    force
        Build and install in the cache folder even where the programs can be found.

    Raises
    ------
    BuildError
        No compiler, no source, a wrong hash, a failed build, or programs that do not start. The message quotes the
        end of the log, names the file and says what to do. What was installed before is untouched.
    ToolMissingError
        `FACEFOUNDRY_OPENCV_BIN` is set to a folder without the programs.
    """
    if not force and opencv_apps.is_installed():
        return opencv_apps.find(opencv_apps.TRAINCASCADE).parent
    if os.environ.get(opencv_apps.ENVIRONMENT):
        for name in opencv_apps.NAMES:
            opencv_apps.find(name)  # says that the variable is wrong: what we build would not be looked at
    target = opencv_apps.cache_folder()
    for language in COMPILERS:
        compiler(language)
    try:
        with _only_one(target, report):
            if force or not _whole(target):  # the one we waited for may have done it
                _Build(target, report, jobs or len(os.sched_getaffinity(0))).run()
    except OSError as error:
        remedy = "Make room, or set `XDG_CACHE_HOME` to a folder that can be written."
        raise BuildError(f"`{error.filename or target}`: {error.strerror}. {remedy}") from error
    return target / "bin"


def compiler(language: str) -> Path:
    """Return the path of the compiler for a key of `COMPILERS`; raise BuildError when there is none."""
    variable, *usual = COMPILERS[language]
    wished = os.environ.get(variable)
    for name in [wished.split()[0]] if wished and wished.split() else usual:
        found = shutil.which(name)
        if found:
            return Path(found)
    tried = f"`{variable}` is `{wished}`" if wished else f"looked for {', '.join(usual)}"
    remedy = "Install one, on Debian and Ubuntu: `sudo apt install g++`."
    raise BuildError(f"No {language} compiler was found ({tried}). {remedy}")


class _Build:
    """One build: its working folder, its log, its phases."""

    def __init__(self, target: Path, report: Report, jobs: int) -> None:
        self._target, self._report, self._jobs = target, report, jobs
        self._work = target.with_name(f".{target.name}.building")
        self._log = target.with_name(f"{target.name}.log")
        self._tail: deque[str] = deque(maxlen=TAIL)

    def run(self) -> None:
        """Do everything, and leave the log and the result, or the log alone."""
        self._sweep()
        self._work.mkdir(parents=True)
        self._log.write_text("", encoding="utf-8")
        began, used = time.monotonic(), _processor_seconds()
        try:
            tools, source = self._fetch()
            self._configure(tools, source)
            self._compile(tools, source)
            self._verify()
            self._publish(time.monotonic() - began, _processor_seconds() - used)
        finally:
            self._sweep()

    def _fetch(self) -> tuple[Path, Path]:
        self._say("making a build environment with cmake and ninja")
        tools = opencv_source.make_environment(self._work / "environment", self._execute)
        self._say(f"fetching {opencv_source.ARCHIVE} (88 MB)")
        archive = opencv_source.download(tools / "python", self._work / "download", self._execute)
        self._say("unpacking OpenCV's source")
        source = opencv_source.extract(archive, self._work / "source")
        opencv_source.leave_out_unreached(source)
        return tools, source

    def _configure(self, tools: Path, source: Path) -> None:
        self._say("configuring the build")
        generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}"]
        self._execute([tools / "cmake", "-S", source, "-B", self._work / "build", *generator, *OPTIONS])

    def _compile(self, tools: Path, source: Path) -> None:
        self._say("compiling")
        make: list[str | Path] = [tools / "ninja", "-C", self._work / "build", f"-j{self._jobs}", *opencv_apps.NAMES]
        try:
            self._execute(make)
        except BuildError:
            if not re.search("undefined (reference|symbol)", self._log.read_text("utf-8", errors="replace")):
                raise
            self._say("the linker wants more of OpenCV here: compiling the rest")
            opencv_source.put_back(source)
            self._execute(make)

    def _verify(self) -> None:
        for name in opencv_apps.NAMES:
            program = self._work / "build" / "bin" / name
            self._execute([program])
            if not any(line.startswith("Usage") for line in self._tail):
                raise self._error(f"`{name}` was built but does not print its usage")

    def _publish(self, seconds: float, processor_seconds: float) -> None:
        with replacing_folder(self._target) as folder:
            (folder / "bin").mkdir()
            for name in opencv_apps.NAMES:
                shutil.copy2(self._work / "build" / "bin" / name, folder / "bin" / name)
            described = {
                "source": opencv_source.ARCHIVE,
                "source_sha256": opencv_source.SHA256,
                "compiler": str(compiler("C++")),
                "options": list(OPTIONS),
                "seconds": round(seconds, 1),
                "processor_seconds": round(processor_seconds, 1),
            }
            write_json(folder / opencv_apps.RECORD, described)
        self._say(f"installed in {self._target / 'bin'} after {seconds:.0f} s")

    def _execute(self, argv: Sequence[str | Path]) -> None:
        """Run one program, its output into the log; raise BuildError when it does not end well."""
        self._tail.clear()
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(str(argument) for argument in argv)}\n")

            def take(line: str) -> None:
                log.write(line + "\n")
                self._tail.append(line)
                self._count(line)

            try:
                status = stream(argv, take, env=_environment())
            except CascadeError as error:
                raise self._error(str(error)) from error
        if status != 0:
            raise self._error(f"`{Path(argv[0]).name}` ended with status {status} ({_meaning(status)})")

    def _count(self, line: str) -> None:
        counted = re.match(r"\[(\d+)/(\d+)\] ", line)
        if counted:
            self._report(Progress("compiling OpenCV's programs", int(counted[1]), int(counted[2])))

    def _sweep(self) -> None:
        """Remove the working folder, and what a build killed while publishing has left."""
        for leftover in [self._work, *self._target.parent.glob(f".{self._target.name}.[0-9a-f]*")]:
            shutil.rmtree(leftover, ignore_errors=True)

    def _say(self, message: str) -> None:
        self._report(Progress(message))

    def _error(self, message: str) -> BuildError:
        quoted = "\n".join(f"    {line}" for line in self._tail)
        return BuildError(f"{message}. The log is `{self._log}`; its end:\n{quoted}")


@contextmanager
def _only_one(target: Path, report: Report) -> Iterator[None]:
    """Hold the lock beside `target`; the kernel frees it when we die."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(Progress("waiting for another installation of OpenCV's programs"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _whole(target: Path) -> bool:
    return all(os.access(target / "bin" / name, os.X_OK) for name in opencv_apps.NAMES)


def _environment() -> dict[str, str]:
    """Return our environment, less what would lead the build's own Python astray; pip's settings are the user's."""
    ours = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**ours, "PIP_USER": "0", "NINJA_STATUS": "[%f/%t] "}


def _meaning(status: int) -> str:
    return f"killed by signal {-status}: out of memory?" if status < 0 else "its output says why"


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
