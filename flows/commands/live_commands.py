"""`facefoundry live`: faces and their expressions in a camera, a picture or a film, as they happen."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from flows.commands.step_app import FLATTEN, section
from flows.commands.store_commands import store_params
from live.engine import Engine, LiveParams
from live.errors import OutputError
from live.frames import Source
from live.outputs import Lines, Output, PaintedPictures
from live.recording import CODECS, Recording
from live.report import Report
from live.show import Show, Summary
from live.sources import open_source
from live.window import KEYS, Window
from pair.find import FaceExpressions, PairParams
from runs.page import count
from runs.parameters import Parameters
from runs.record import digest
from tasks import publish_models

FOLDER = Path("work/live")
"""Where pulled models, exported networks and snapshots go."""

live_app = App(name="live", config=section("live", LiveParams))

Cascade = Annotated[
    str,
    Parameter(help="A `cascade.xml`, or a registered model: NAME (its champion), NAME@ALIAS or NAME/VERSION."),
]


Network = Annotated[
    str,
    Parameter(
        help="A `model.keras`, a `model.onnx` (starts in a second instead of ten), or a registered model. A "
        "`model.keras` is exported once, where the extra `export` is installed."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Written(Parameters):
    """What is written of what is seen."""

    save: Path | None = None
    """Write what is seen, with boxes and bars. A film by its ending: .mp4 (MPEG-4, for players), .webm (VP8, for
    browsers, slow), .mkv or .avi (whose frames up to then survive a kill). Of a picture: .png or .jpg. Of a folder: a
    folder."""
    json: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None
    """Write one JSON object a face a line, at once: source, frame, seconds, track, box, expression, probabilities. `-`
    is standard output."""
    report: Path | None = None
    """Write a film's report at its end: FILE.html, or a folder with the page and two CSV tables."""

    def check(self, read: Sequence[str]) -> None:
        """Refuse, before anything is opened, an output that would overwrite what is read, or another output."""
        taken = {os.path.realpath(one) for one in read}
        for name, path in self.as_dict().items():
            if path is not None and str(path) != "-":
                if os.path.realpath(path) in taken:
                    raise OutputError(
                        f"`--{name}` must be another file than those that are read or written. Got {path}."
                    )
                taken.add(os.path.realpath(path))

    def begin(self, source: Source, stack: ExitStack) -> list[Output]:
        """Open the outputs; should the stack unwind, they are closed, and what was there before stays."""
        if self.report is not None and source.kind == "pictures":
            raise OutputError("`--report` is a time line, and pictures have no time. Use `--json` and `--save`.")
        begun: list[Output] = []

        def add(output: Output) -> None:
            begun.append(output)
            stack.callback(output.close)

        if self.report is not None:
            add(Report(self.report, source.name, source.frame_rate))
        if self.json is not None:
            add(Lines(self.json))
        if self.save is not None:
            add(_saving(source, self.save))
        return begun


@live_app.default
def live(
    source: str = "0",
    *,
    cascade: Cascade = "face-cascade@champion",
    network: Network = "expression-cnn@champion",
    window: bool = True,
    written: Annotated[Written, FLATTEN] = Written(),
    params: Annotated[LiveParams, FLATTEN] = LiveParams(),
) -> None:
    """Find faces and read their expressions in a camera, a picture, a folder, a film or a network camera, as it runs.

    `facefoundry live` watches camera 0 with the registry's champions, in a window: q or Esc ends it, space pauses, s
    saves a snapshot below `work/live/`, Enter or the right arrow goes on to the next picture of a folder. Where there
    is no display: `facefoundry live FILM --no-window --save out.mp4 --report out.html`.

    Faces keep their number from frame to frame, and probabilities are averaged over time. A face that looks away is
    carried on for a moment, drawn thin; away for longer, it comes back under a new number. Profiles, and faces smaller
    than a twelfth of the picture, are not found.

    Parameters
    ----------
    source
        A camera's number, a picture, a folder of pictures, a film, or an address: rtsp://..., http://...
    window
        Whether to open a window.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what FFmpeg has to say of broken files is said here
    written.check((source, cascade, network))
    say = _say if str(written.json) == "-" else print
    watched, show = _ready(source, window, written, lambda: _engine(cascade, network, params))
    if window:
        say(f"{watched.name}: {KEYS}")
    summary = show.run()
    for line in summary_lines(watched, summary):
        say(line)
    if summary.failed:
        sys.exit(1)


def _ready(source: str, window: bool, written: Written, engine: Callable[[], Engine]) -> tuple[Source, Show]:
    """All that is needed; models last, since they may have to be fetched: what else is wrong is said at once."""
    with ExitStack() as stack:
        opened = Window("Facefoundry live") if window else None
        if opened is not None:
            stack.callback(opened.close)
        watched = open_source(source)
        stack.callback(watched.close)
        outputs = written.begin(watched, stack)
        show = Show(watched, engine(), outputs, opened, FOLDER)
        stack.pop_all()  # the show closes them
    return watched, show


def summary_lines(source: Source, summary: Summary) -> list[str]:
    """What happened, for people."""
    if source.kind == "pictures":
        lines = [f"{count(summary.frames, 'picture')}, {summary.empty} without a face"]
    else:
        faces, rate = len(summary.tracks), summary.frame_rate
        seen = f"{faces} face{'s' * (faces != 1)}, {summary.empty} frames without one"
        lines = [f"{summary.frames} frames in {summary.seconds:.1f} s ({rate:.1f} a second): {seen}"]
    if summary.left_out:
        lines.append(f"{summary.left_out} frames of the camera were left out, so as not to lag")
    if summary.dark:
        lines.append(f"{summary.dark} frames show nothing: they are black or of one colour. Is the lens covered?")
    total = max(1e-9, sum(summary.spent.values()))
    shares = sorted(summary.spent.items(), key=lambda item: -item[1])
    lines.append(
        "time: " + ", ".join(f"{name} {spent / total:.0%}" for name, spent in shares if spent >= 0.005 * total)
    )
    return [*lines, *summary.notes]


def model_files(cascade: str, network: str) -> tuple[Path, Path, PairParams]:
    """The files of what was named, pulled where they are registered models, and how the cascade is to search.

    A cascade from the registry brings the operating point that it was registered with.

    Raises
    ------
    PublishError
        There is no such registered model.
    """
    cascade_file, searching = cascade_of(cascade)
    return cascade_file, network_of(network)[0], searching


def cascade_of(cascade: str) -> tuple[Path, PairParams]:
    """A cascade's file, pulled where it is a registered model, and how it is to search."""
    given = _file(cascade)
    if given is not None:
        return given, PairParams()
    pulled = _pull(cascade)
    return pulled, _operating_point(pulled.parent / "MODEL.json", PairParams())


def network_of(network: str) -> tuple[Path, Path | None]:
    """The fastest file of a network, and its ``.keras``, which alone tells what it looked at, or None."""
    given = _file(network)
    file = _pull(network) if given is None else given
    beside = file.with_suffix(".onnx")
    fast = beside if given is None and beside.is_file() else _fast(file)
    return fast, file if file.suffix == ".keras" else None


def _engine(cascade: str, network: str, params: LiveParams) -> Engine:
    cascade_file, network_file, searching = model_files(cascade, network)
    return Engine(cascade_file, FaceExpressions(cascade_file, network_file, searching), params)


def _saving(source: Source, save: Path) -> Output:
    if source.kind != "pictures":
        return Recording(save, source.frame_rate)
    if save.suffix.lower() in CODECS or (source.total != 1 and save.suffix):
        raise OutputError(f"`--save` of pictures is a folder, or a .png or .jpg for one picture. Got {save}.")
    return PaintedPictures(save)


def _file(given: str) -> Path | None:
    """A file that was named; None for a registered model."""
    path = Path(given)
    return path if path.suffix in (".xml", ".keras", ".onnx") or path.is_file() else None


def _pull(model: str) -> Path:
    _say(f"fetching {model} from the registry")
    folder = FOLDER / "models" / re.sub(r"[^\w.@-]", "-", model)
    pulled = publish_models.pull(model, folder, store_params())
    _say(f"{pulled.name} version {pulled.version}")
    return pulled.file


def _operating_point(told: Path, searching: PairParams) -> PairParams:
    point = json.loads(told.read_text(encoding="utf-8")).get("operating_point") or {}
    known = {name: point[name] for name in ("scale_factor", "min_neighbors") if name in point}
    return (
        replace(searching, **PairParams.from_plain({**searching.as_dict(), **known}).as_dict()) if known else searching
    )


def _fast(network: Path) -> Path:
    """The same network as ONNX, exported once for each content, where the packages for that are installed."""
    if network.suffix != ".keras" or not network.is_file():
        return network
    folder = FOLDER / "exported" / digest(network)[:16]
    if (folder / "model.onnx").is_file():
        return folder / "model.onnx"
    from cnn.errors import InputError
    from cnn.export.formats import need_packages
    from cnn.export.step import export_cnn

    try:
        need_packages()
    except InputError as error:
        _say(f"asking Keras itself, which is slow to start and slower to answer: {error}")
        return network
    _say("exporting the network as ONNX, once: it starts in a second and answers faster")
    export_cnn(network, folder, ("onnx",))
    return folder / "model.onnx"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
