"""What a provider is: the types that planner, providers and third parties share.

A leaf. It imports nothing of `state` or `planner`, not even for types; `Resource` is a
Protocol that `state.model.ResourceRecord` satisfies. A step type knows one kind of resource
on the cluster and never touches another node: the planner composes the order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.protocol_schema import Flaw, InputSpec, Json, StepSchema

__all__ = [
    "Batch",
    "Candidate",
    "Change",
    "Cluster",
    "Flaw",
    "Holder",
    "InputSpec",
    "Intent",
    "Json",
    "Observed",
    "Outputs",
    "Owned",
    "Record",
    "Resource",
    "Response",
    "ServerInfo",
    "StepSchema",
    "StepType",
    "Unshown",
]

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which cluster answers. `plugins` is None where listing them is not allowed."""

    cluster_uuid: str | None
    version: str
    plugins: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a read found: fields under the names of the inputs, as the server keeps them."""

    resource_id: str
    fields: Mapping[str, Json]
    status: Literal["ready", "pending", "tainted"] = "ready"


@dataclass(frozen=True, slots=True)
class Owned:
    """A resource that the cluster made beside the one that was asked for."""

    kind: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a create or update gives to dependent nodes, and what else came into being."""

    values: Mapping[str, Json] = field(default_factory=dict)
    resource_id: str | None = None
    owned: tuple[Owned, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One input that differs; `after` is plain. `removed` when the template dropped it."""

    path: Path
    after: Json = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """Something on the cluster that uses a resource.

    `blocks_update` and `blocks_delete`: as long as it does, the cluster refuses that.
    """

    kind: str
    resource_id: str
    name: str = ""
    blocks_update: bool = False
    blocks_delete: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resource that a request with a lost answer may have made.

    `created` is in seconds since the epoch by the cluster's clock, None where unknown.
    """

    resource_id: str
    fields: Mapping[str, Json]
    created: float | None = None
    owned: tuple[Owned, ...] = ()


@dataclass(frozen=True, slots=True)
class Unshown:
    """Stands in what `StepType.written` gives for a value that the cluster has and never shows.

    `note` says what is known of it all the same, "" when nothing is.
    """

    note: str = ""


class Resource(Protocol):
    """A recorded resource, as the state keeps it."""

    @property
    def node(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def resource_id(self) -> str | None: ...
    @property
    def inputs(self) -> Mapping[str, Json]: ...
    @property
    def outputs(self) -> Mapping[str, Json]: ...
    @property
    def owned(self) -> Sequence[Owned]: ...


class Intent(Protocol):
    """A recorded wish: what a request was about to do.

    `expected` is `StepType.expect(inputs)` with sensitive leaves sealed; `notes` is what
    `StepType.prepare` said; `at` is in seconds since the epoch by our clock.
    """

    @property
    def id(self) -> str: ...
    @property
    def node(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def expected(self) -> Mapping[str, Json]: ...
    @property
    def notes(self) -> Mapping[str, Json]: ...
    @property
    def at(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the cluster: HTTP status and decoded JSON body."""

    status: int
    body: Json


Record: TypeAlias = Callable[..., None]
"""record(resource_id=…, task_id=…, owned=…): durable at once, before any polling.

A create that fails after a `task_id` and without a `resource_id` counts as going on: the next
command looks for its result, and `find` has the task in the intent's notes as `task_id`. Where
the task is known to have made nothing, `record(task_id="")` says so before the error.
"""


Batch: TypeAlias = "Callable[[Cluster, Sequence[str]], Collection[str]]"
"""Sends one request for several items; gives those that are done."""


class Cluster(Protocol):
    """The way to the cluster that a provider gets: one for each operation.

    Every request carries the operation's intent as `X-Opaque-Id`; a batch carries
    those of all, with commas.
    """

    @property
    def deadline(self) -> float:
        """When this operation's time is up, on `time.monotonic`."""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        params: Mapping[str, str] | None = None,
        safe: bool | None = None,
        accept: Sequence[int] = (),
    ) -> Response:
        """Send one request and return its answer.

        `safe` says that repeating it does no harm (default: GET, PUT, DELETE, and POST to
        a `_search`); such requests are retried. Statuses of 400 and above raise `Refused`
        unless listed in `accept`. Raises `Unreachable`, `AnswerLost`, `Refused`.
        """

    def batched(self, what: str, item: str, send: Batch) -> bool:
        """Have one request do `item` with what other operations ask for at the same time.

        Operations on one connection that ask for the same `what` while such a request is under
        way share the next one, which one of their `send` sends. False when this one is not, or
        the request failed: then the operation is to ask alone, so repeating it must do no harm.
        Raises `ProviderError` FP330 once the deadline has passed, and what `send` raises when it
        was sent for this item only.
        """

    def progress(self, text: str) -> None:
        """Tell the user what is being waited for."""

    def note(self, text: str) -> None:
        """Tell the user something worth knowing about what was just done."""

    def wait(self, seconds: float) -> None:
        """Sleep; raises `ProviderError` FP330 once the deadline has passed."""


class StepType(Protocol):
    """One type of workflow step. Implementations are stateless and safe to share by threads."""

    name: str
    """As in a template: `create_connector`."""
    kind: str
    """What is read together: `connector`, `model`, `model_group`, or "" for nothing."""
    schema: StepSchema

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """`inputs` as a read would show them, write-only ones left out."""

    def outputs_of(self, resource_id: str) -> Mapping[str, Json]:
        """What a resource that was there already gives to dependent nodes, beside `preview`."""

    def fetch(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Json | None]:
        """The documents of this *kind* in bulk, a thousand a request; None for what is gone.

        Types of one kind fetch the same documents: a refresh calls it once for each kind.
        """

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """What a fetched document says of a resource of this type; None for what is gone.

        `inputs` are the recorded ones, where there are any. They decide what belongs to the
        resource: whether a model is deployed is a field of `register_remote_model` only if
        `deploy` was asked of it.
        """

    def came_with(
        self, document: Json, inputs: Mapping[str, Json], notes: Mapping[str, Json]
    ) -> tuple[Owned, ...]:
        """What of a fetched document came into being with the resource and is ours.

        Asked once, when a created resource is read back; `notes` is what `prepare` said of it.
        """

    def read(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Observed | None]:
        """`fetch` and `observe` in one."""

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """The documents of this *kind* that belong to users, all of them by id, in bulk.

        Types of one kind list the same documents.
        """

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """The inputs of a node that has this resource: what `expect` makes of them is there.

        What the server added by itself is left out, and `Unshown` stands for what it hides.
        None for what this type does not make, or makes only of more than a read shows.
        """

    def holders(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Sequence[Holder]]:
        """Who uses these resources, in bulk: what decides between update and replacement."""

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """Who on the cluster names these resources and would miss them, in bulk.

        `made` has the recorded inputs by resource id. The number of requests does not depend on
        that of the resources; what can't be read is told by `cluster.note` and is no error.
        Types of one kind find the same.
        """

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The outputs that follow from the inputs alone: a name that the user gave, a tool.

        `inputs` may hold the planner's marks for what is unknown or sensitive: they are moved
        about and never looked into.
        """

    def judge(
        self, path: Path, before: Json, after: Json, *, removed: bool
    ) -> Literal["in_place", "replace", "keep"] | None:
        """What this change of a leaf needs, where the schema alone can't tell; else None."""

    def comparable(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """`inputs` in one spelling, where they can be written in several ways.

        Recorded and wanted inputs are compared in it, so that another spelling is no change.
        It is that of `expect` and `observe`. Not asked for inputs that hold secrets, and marks
        for what is unknown are moved about and never looked into.
        """

    def judge_within(
        self,
        recorded: Mapping[str, Json],
        path: Path,
        before: Json,
        after: Json,
        *,
        removed: bool,
    ) -> Literal["in_place", "replace", "keep"] | None:
        """`judge`, where that takes to know what is around the leaf: all `recorded` inputs."""

    def losses(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, str]:
        """What is lost with these resources, in words, in one request; only of `holds_data`."""

    def effects(
        self, inputs: Mapping[str, Json], resource_id: str | None
    ) -> frozenset[tuple[str, str]]:
        """What a node with these inputs wants of a resource: ("deployed", its id).

        Several nodes may want the same; it is undone only when the last one goes.
        """

    def prepare(
        self, cluster: Cluster, wanted: Mapping[str, Mapping[str, Json]], ours: frozenset[Owned]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Look once before anything is made: notes by node for the nodes to be created.

        `wanted` has the inputs known so far by node; `ours` is what our records own.
        """

    def exclusive(self, inputs: Mapping[str, Json]) -> str | None:
        """Creates of this type with the same key run one after the other."""

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Make it. Whoever waits calls `record` first: a crash while polling loses nothing."""

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Change it in place, or finish what was begun when `changes` is empty."""

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Delete it and what it owns. Already gone is success."""

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """What on the cluster may be the result of a create whose answer was lost."""
