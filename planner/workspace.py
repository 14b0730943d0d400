"""What a command works on, bundled: template, params, state backend, cluster and step types.

The command line fills it; build, execute and recover read it. Providers and the cluster
stand behind Protocols here, since the planner never imports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from flowplan.dataclass import dataclass
from flowplan.planner.params import Params
from flowplan.planner.template import Template
from flowplan.protocol import Cluster, Json, ServerInfo, StepSchema, StepType
from flowplan.state.backends import Backend
from flowplan.state.model import IntentRecord

__all__ = ["Connection", "Lost", "Neighbours", "Steps", "Workspace"]


class Steps(Protocol):
    """The step types: `flowplan.providers.registry.Registry` satisfies it."""

    def step(self, name: str) -> StepType:
        """The step type of that name; raises `ProviderError` for an unknown one."""

    def schema(self, name: str) -> StepSchema | None:
        """Its schema, None for an unknown one."""

    def kind(self, name: str) -> str:
        """The kind of what it makes or changes, "" for an unknown one."""

    def names(self) -> Sequence[str]:
        """All known names."""

    def unsupported(self, name: str) -> bool:
        """Whether Flow Framework has this step type and this version does not."""

    def describe(self, cluster: Cluster) -> ServerInfo:
        """Which cluster this is and what it can do."""

    def ask(
        self,
        cluster: Cluster,
        kind: str,
        subject: str,
        body: Mapping[str, Json],
        pipeline: str = "",
    ) -> Json:
        """The answer to a question: of `kind` predict, agent or search, to what has this id.

        Changes nothing but what a prediction deploys. Raises what the cluster raises.
        """


class Connection(Protocol):
    """A cluster that requests can be sent to: `flowplan.http.Connection` satisfies it."""

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""

    def hide(self, secrets: Iterable[str]) -> None:
        """Keep these clear texts out of every message."""

    def redact(self, text: str) -> str:
        """`text` without what is hidden."""

    def operation(
        self,
        intent_id: str | None = None,
        timeout: float = 60.0,
        on_progress: Callable[[str], None] | None = None,
        on_note: Callable[[str], None] | None = None,
        before: Callable[[], None] | None = None,
        patience: float | None = None,
    ) -> Cluster:
        """The way to the cluster for one operation; `timeout` in seconds bounds all of it.

        `before` is called before everything that is sent, retries included, and may raise.
        `patience` is how many seconds one request may take, where that is not the connection's.
        """


@dataclass(frozen=True, slots=True)
class Lost:
    """A create of another workflow whose answer was lost; `salt` seals what it expects."""

    intent: IntentRecord
    salt: str


class Neighbours(Protocol):
    """The workflows kept beside this one, which may have made what looks like its own."""

    def claim(self) -> AbstractContextManager[object]:
        """Be the only one to decide who made what, until it is recorded."""

    def look(self) -> tuple[frozenset[str], Sequence[Lost]]:
        """The ids that they have recorded, and their creates that were cut off.

        Waits for the answers of those that are under way: all that was on the cluster before
        is in one of the two.
        """


@dataclass(frozen=True, slots=True)
class _Alone:
    def claim(self) -> AbstractContextManager[object]:
        return nullcontext()

    def look(self) -> tuple[frozenset[str], Sequence[Lost]]:
        return frozenset(), ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workflow in one environment.

    `template` and `params` are None for destroy and for what reads the state only;
    `connection` is None where nothing connects. `endpoint` is shown to people. `neighbours` are
    the other workflows, as far as whoever fills this knows them.
    """

    backend: Backend
    steps: Steps
    endpoint: str
    template: Template | None = None
    params: Params | None = None
    connection: Connection | None = None
    neighbours: Neighbours = _Alone()
