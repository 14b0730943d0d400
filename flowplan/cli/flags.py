"""What the command line said, typed: one object for every verb, with the flags' defaults."""

from __future__ import annotations

from dataclasses import dataclass

from flowplan.render.colour import ColourChoice

__all__ = ["Flags"]


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags and arguments of one call; a verb reads those that it declares.

    `lock_timeout` is in seconds. `target` is the argument of verbs whose argument is no
    template: a plan file, an output's name, a node.
    """

    verb: str = ""
    argument: str | None = None
    target: str | None = None
    types: tuple[str, ...] = ()
    template: str | None = None
    state: str | None = None
    endpoint: str | None = None
    insecure: bool = False
    param: tuple[str, ...] = ()
    params_file: tuple[str, ...] = ()
    strict: bool = False
    format: str = "text"
    json_into: str | None = None
    color: ColourChoice = "auto"
    no_input: bool = False
    quiet: bool = False
    verbose: bool = False
    refresh: bool = True
    destroy: bool = False
    detailed_exitcode: bool = False
    out: str | None = None
    plan_file: str | None = None
    auto_approve: bool = False
    parallelism: int = 10
    lock_timeout: float = 0.0
    allow_delete: tuple[str, ...] = ()
    all: bool = False
    port: int = 0
    host: str = "127.0.0.1"

    @property
    def json(self) -> bool:
        """Whether the result is to be JSON."""
        return self.format == "json"
