"""What the command line said, typed: one object for every verb, with the flags' defaults."""

from __future__ import annotations

from flowplan.dataclass import dataclass
from flowplan.render.colour import ColourChoice

__all__ = ["Flags"]


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags and arguments of one call; a verb reads those that it declares.

    `lock_timeout`, `wait_timeout`, `interval` and `timeout` are in seconds. `target` is the
    argument of verbs whose argument is no template: a plan file, an output's name, a node.
    `resource_id` is what a node takes over. `targets`, `exclude` and `replace` are patterns of
    nodes. `dest` is what a node is to be called, `to` where a state is to go.
    """

    verb: str = ""
    argument: str | None = None
    target: str | None = None
    resource_id: str | None = None
    types: tuple[str, ...] = ()
    template: str | None = None
    project: str | None = None
    env: str | None = None
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
    check: bool = True
    destroy: bool = False
    refresh_only: bool = False
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    detailed_exitcode: bool = False
    out: str | None = None
    plan_file: str | None = None
    auto_approve: bool = False
    wait_timeout: float | None = None
    max_deletes: int | None = None
    allow_missing_secrets: bool = False
    watch: bool = False
    interval: float = 1.0
    timeout: float | None = None
    parallelism: int | None = None
    lock_timeout: float = 0.0
    allow_delete: tuple[str, ...] = ()
    dry_run: bool = False
    generate: bool = False
    only: tuple[str, ...] = ()
    workflow: str | None = None
    template_from: str | None = None
    status_from: str | None = None
    nodes: tuple[str, ...] = ()
    dest: str | None = None
    to: str | None = None
    force: bool = False
    lock_id: str | None = None
    all: bool = False
    port: int = 0
    store: str | None = None
    host: str = "127.0.0.1"
    tokens: str | None = None
    pass_through: bool = False
    public_metrics: bool = False
    new_token: str | None = None
    role: str = "write"
    log_format: str = "text"
    runs: int = 16
    runs_per_minute: int = 0

    @property
    def json(self) -> bool:
        """Whether the result is to be JSON."""
        return self.format == "json"
