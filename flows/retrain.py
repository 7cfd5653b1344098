"""Train a line anew when its data, parameters or code have changed, and let the better model be the champion.

Made for a schedule: where nothing has changed it does nothing, and says so. An unfinished run of the same inputs is
resumed. What the same inputs gave before is not trained again, whether it was promoted or refused. Afterwards, where no
pair is made of the champions of both lines, one is built and compared with the champion among the pairs.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from prefect import flow, get_run_logger
from prefect.states import Completed, State

from flows.build_pair import build_pair
from flows.commands.run_commands import flow_parameters
from flows.made_from import LINES, STEPS, LineName, made_from
from flows.pipeline import PAIR_LINE, Layout
from flows.read_params import PARAMS_FILE
from flows.train_cascade import train_cascade
from flows.train_cnn import train_cnn
from runs.errors import RunMismatchError
from runs.lock import RunLock
from runs.parameters import ParameterError
from tasks import promotion_steps, retrain_steps
from tasks.changes import Answer, MadeFrom
from tasks.progress import run_report
from tasks.promotion_params import Decision, HeldOut, PromotionParams
from tasks.publish_params import Registered, RegisterParams, refuse_password

RETRAININGS = Path("work/retrain")
_LINES: dict[str, tuple[LineName, ...]] = {"cascade": ("cascade",), "cnn": ("cnn",), "both": ("cascade", "cnn")}


@dataclass(frozen=True)
class Retrained:
    """How retraining one line ended; `registered` is None where it was not trained, `decision` where none was made."""

    model: str
    answer: Answer
    registered: Registered | None = None
    decision: Decision | None = None

    def __str__(self) -> str:
        parts = [self.answer.reason]
        if self.registered is not None:
            parts.append(f"Trained: {self.model} version {self.registered.version} ({self.registered.alias}).")
        return " ".join([*parts, self.decision.reason] if self.decision is not None else parts)


@flow(name="retrain", description=__doc__)
def retrain(
    line: Literal["cascade", "cnn", "both"] = "both",
    data: Path = Path("data"),
    params: Path = PARAMS_FILE,
    preset: list[str] = [],  # noqa: B006 - Prefect's form shows it, and nobody changes it
    out: Path = RETRAININGS,
    scenes: Path | None = None,
    faces: Path | None = None,
    registration: RegisterParams = RegisterParams(),
    promotion: PromotionParams = PromotionParams(),
    force: bool = False,
) -> State[list[Retrained]]:
    """Ask what has changed; where something has: train, register the challenger, and compare it with the champion.

    Args:
        line: Which models to train.
        data: The data folder, laid out as `facefoundry sample-data` writes it.
        params: The file with a section of parameters for each step, read anew by each run; `registration` is not read.
        preset: Named presets instead of the file; `facefoundry presets` lists them.
        out: The folder that the runs go to, one folder for the same inputs.
        scenes: Annotated scenes to compare cascades on; those of the data folder when not given.
        faces: A store of merged faces to compare networks on; the run's own when not given.
        registration: Where the models are registered.
        promotion: By how much a challenger must be better.
        force: Train though nothing has changed.
    """
    refuse_password(registration)
    if line == "both" and registration.model_name is not None:
        raise ParameterError("`model_name` must be empty for both lines: it would name the models of both.")
    held = ExitStack()
    try:
        for each in _LINES[line]:
            held.enter_context(hold_line(out, each))
    except RunMismatchError as busy:
        held.close()
        get_run_logger().warning(f"Another retraining is going on, and this run does nothing: {busy}")
        return Completed(name="AlreadyRunning", message=str(busy), data=[])
    with held:
        given = Given(data, params, tuple(preset), out, HeldOut(scenes=scenes, faces=faces), registration, promotion)
        done = [_retrain(each, given, force) for each in _LINES[line]]
    return _ended([*done, *_renew_pair(given)])


@dataclass(frozen=True)
class Given:
    """What a retraining was told: the flow's parameters."""

    data: Path
    params: Path
    preset: tuple[str, ...]
    out: Path
    held_out: HeldOut
    registration: RegisterParams
    promotion: PromotionParams

    def steps(self, line: LineName) -> dict[str, Any]:
        """The parameters of a line's steps by name."""
        chosen = flow_parameters(self.params, STEPS[line], self.preset)
        return {name: params for name, params in chosen.items() if name != "registration"}


def hold_line(out: Path, line: LineName | Literal["pair"]) -> RunLock:
    """Let nobody else retrain this line, or build the pair, into `out` until the lock is released.

    Raises
    ------
    RunMismatchError
        Somebody does; the message names the process.
    """
    folder = out / line
    folder.mkdir(parents=True, exist_ok=True)
    return RunLock(folder)


def _retrain(line: LineName, given: Given, force: bool) -> Retrained:
    steps, registration = given.steps(line), given.registration
    model = registration.model_name or LINES[line].model_name
    origin = made_from(line, Layout(given.data), list(steps.values()), run_report(f"digest_{line}"))
    answer = retrain_steps.has_changed(model, origin, registration)
    at = Layout(given.data, given.out / line / _folder(origin, force))
    held_out = _held_out(line, at, given)
    if answer.state != "changed" and not force:
        return Retrained(model, answer, decision=_decide_late(answer, held_out, given))
    train: Any = train_cascade if line == "cascade" else train_cnn
    registered = train(data=given.data, out=at.work, registration=registration, **steps)
    return Retrained(model, answer, registered, _decide(registered, held_out, given))


def _renew_pair(given: Given) -> list[Retrained]:
    """Build and judge the pair of both champions where there is none, also after a run that died before it could."""
    scenes = Layout(given.data).expression_scenes
    if scenes is None or given.registration.model_name is not None:
        return []
    try:
        lock = hold_line(given.out, "pair")
    except RunMismatchError as busy:
        get_run_logger().warning(f"The pair is left to the retraining that builds one now, or to the next: {busy}")
        return []
    with lock:
        answer, held_out = retrain_steps.has_pair(given.registration), HeldOut(labelled_scenes=scenes)
        if answer is None:
            return []
        if answer.state != "changed":
            return [Retrained(answer.model, answer, decision=_decide_late(answer, held_out, given))]
        params: Any = flow_parameters(given.params, PAIR_LINE, given.preset)["evaluate_pair"]
        built = build_pair(given.data, given.out / "pair", evaluate_pair=params, registration=given.registration)
        return [Retrained(answer.model, answer, built, _decide(built, held_out, given))]


def _held_out(line: LineName, at: Layout, given: Given) -> HeldOut:
    if line == "cascade":
        return HeldOut(scenes=given.held_out.scenes or at.scenes)
    return HeldOut(faces=given.held_out.faces or at.output("merge"))


def _decide(registered: Registered, held_out: HeldOut, given: Given) -> Decision | None:
    if "challenger" not in registered.alias:
        return None
    return promotion_steps.decide(registered.name, held_out, given.promotion, given.registration)


def _folder(origin: MadeFrom, force: bool) -> str:
    """The same inputs have the same folder, so that what is unfinished there is resumed; a forced run has its own."""
    return origin.fingerprint + (datetime.now().strftime("-%Y-%m-%dT%H-%M-%S") if force else "")


def _decide_late(answer: Answer, held_out: HeldOut, given: Given) -> Decision | None:
    """What was decided on the model that the same inputs gave; decided now where a run died before it could."""
    if answer.state != "tried" or answer.version is None:
        return None
    decided = retrain_steps.was_decided(answer.model, answer.version, answer.champion, given.registration)
    data = held_out.scenes or held_out.faces or held_out.labelled_scenes
    if decided is None and answer.is_challenger and data is not None and data.exists():
        return promotion_steps.decide(answer.model, held_out, given.promotion, given.registration)
    return decided


def _ended(done: list[Retrained]) -> State[list[Retrained]]:
    for one in done:
        get_run_logger().info(str(one))
    idle = all(one.registered is None and one.answer.state != "changed" for one in done)
    message = " ".join(map(str, done))
    return Completed(name="Unchanged" if idle else "Completed", message=message, data=done)


if __name__ == "__main__":
    retrain()
