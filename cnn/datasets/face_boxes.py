"""Give pictures of one person each the box of the face, for datasets that publish whole photographs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from cnn.datasets.face_finder import Found, find_face
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.table import FaceWriter
from cnn.errors import CnnError
from runs.progress import Report

NO_FACE = "a face must be found"

_FEW = 500
"""Fewer pictures than this are searched in this process: starting others would take longer."""

_AHEAD = 4
"""Pictures under way for each process."""


def add_faces(writer: FaceWriter, faces: list[PictureFace], *, find: bool, report: Report) -> None:
    """`add_pictures`, with the boxes that `with_found_boxes` gives where they are to be found."""
    if not find:
        add_pictures(writer, faces, total=len(faces), report=report)
        return
    with closing(with_found_boxes(writer, faces)) as boxed:  # or an error leaves the processes waiting
        add_pictures(writer, boxed, total=len(faces), report=report)


def with_found_boxes(
    writer: FaceWriter, faces: Sequence[PictureFace], *, workers: int | None = None
) -> Generator[PictureFace]:
    """Give each picture the box of the largest frontal face that dlib finds in it, in order.

    A picture without one is skipped. One that cannot be read is passed on as it is, for `add_pictures` to say why.

    Parameters
    ----------
    faces
        Pictures of one person each; their boxes are replaced.
    workers
        Processes that search; 0: this one. None: one for each processor where there are many pictures. dlib holds
        Python's lock while it searches, so that threads would gain nothing. They end with this process, however it
        ends, as their input does.

    Raises
    ------
    CnnError
        One of the processes died.
    """
    few = len(faces) < _FEW
    count = (0 if few else os.cpu_count() or 1) if workers is None else workers
    remedy = "Nothing to do, or cut the face out and give it as a class folder."
    for face, found in _searched(faces, count):
        if found is None:
            writer.skip(face.path, face.row, NO_FACE, face.file, remedy)
        else:
            yield replace(face, box=found or None)


def _searched(faces: Iterable[PictureFace], workers: int) -> Iterator[tuple[PictureFace, Found]]:
    if workers < 2:
        yield from ((face, find_face(face.path)) for face in faces)
        return
    finders: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    waiting: deque[tuple[PictureFace, Future[Found]]] = deque()
    with ExitStack() as stack:
        for _ in range(workers):
            finders.put(stack.enter_context(_finder()))
        pool = stack.enter_context(ThreadPoolExecutor(workers, thread_name_prefix="find"))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        for face in faces:
            waiting.append((face, pool.submit(_ask, finders, face.path)))
            if len(waiting) >= workers * _AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        yield from ((face, future.result()) for face, future in waiting)


@contextmanager
def _finder() -> Iterator[subprocess.Popen[str]]:
    """A process of our own Python that sees the same modules; it ends when its input does.

    In a session of its own, so that Ctrl-C reaches this process alone.
    """
    finder = subprocess.Popen(
        [sys.executable, "-m", "cnn.datasets.face_finder"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        encoding="ascii",
        start_new_session=True,
    )
    try:
        yield finder
    finally:
        with suppress(BrokenPipeError), finder:  # a dead process left some of its input
            pass


def _ask(finders: SimpleQueue[subprocess.Popen[str]], path: Path) -> Found:
    finder = finders.get()
    try:
        if finder.stdin is None or finder.stdout is None:
            raise CnnError("The process that searches faces has no pipes.")
        finder.stdin.write(json.dumps(str(path.absolute())) + "\n")
        finder.stdin.flush()
        answer = finder.stdout.readline()
    except OSError as error:
        raise CnnError(_died(finder, path)) from error
    finally:
        finders.put(finder)
    if not answer:
        raise CnnError(_died(finder, path))
    found = json.loads(answer)
    return None if found is None else tuple(found)


def _died(finder: subprocess.Popen[str], path: Path) -> str:
    return f"The process that searches faces died at {path} (exit status {finder.poll()}). Remove that picture."
