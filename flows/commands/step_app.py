"""How a step becomes a command: its section of `params.yaml` gives the defaults, its dataclass the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from cyclopts import App, Parameter
from cyclopts.config import Yaml

from flows.read_params import PARAMS_FILE, check_section
from runs.parameters import Parameters

FLATTEN = Parameter(name="*")
"""Marks a parameter object whose fields are the command's own options."""

Command = TypeVar("Command", bound=Callable[..., Any])


def step_app(group: App, step: str, *, name: str | None = None) -> Callable[[Command], Command]:
    """A decorator that adds a function to `group` as the command of `step`.

    The section `step` of ``params.yaml`` in the current folder, where it exists, gives the options' defaults; what
    the function's parameter object does not know is an error, as for the flows.
    """

    def add(function: Command) -> Command:
        group.command(step_command(function, step, name or step))
        return function

    return add


def step_command(function: Callable[..., Any], step: str, name: str) -> App:
    """A function as the command `name` whose options' defaults are the section `step`: see `step_app`."""
    hints = get_type_hints(function).values()
    kind = next((hint for hint in hints if isinstance(hint, type) and issubclass(hint, Parameters)), Parameters)
    command = App(name=name, config=section(step, kind))
    command.default(function)
    return command


def section(step: str, kind: type[Parameters]) -> Callable[..., None]:
    """What gives a command the section of a step, for `cyclopts.App.config`.

    Raises
    ------
    ParameterError
        When called: the section has a name that `kind` does not know.
    """
    yaml = Yaml(PARAMS_FILE, root_keys=(step,), use_commands_as_keys=False, must_exist=False)

    def give(*told: Any) -> None:
        check_section(step, kind)
        yaml(*told)

    return give
