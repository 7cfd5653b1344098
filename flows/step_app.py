"""How a step becomes a command: its section of `params.yaml` gives the defaults, its dataclass the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from cyclopts import App, Parameter
from cyclopts.config import Yaml

from flows.read_params import PARAMS_FILE

FLATTEN = Parameter(name="*")
"""Marks a parameter object whose fields are the command's own options."""

Command = TypeVar("Command", bound=Callable[..., Any])


def step_app(group: App, step: str, *, name: str | None = None) -> Callable[[Command], Command]:
    """A decorator that adds a function to `group` as the command of `step`.

    The section `step` of ``params.yaml`` in the current folder, where it exists, gives the options' defaults;
    a name in it that the command does not know is an error.
    """
    config = Yaml(PARAMS_FILE, root_keys=(step,), use_commands_as_keys=False, must_exist=False)

    def add(function: Command) -> Command:
        command = App(name=name or step, config=config)
        command.default(function)
        group.command(command)
        return function

    return add
