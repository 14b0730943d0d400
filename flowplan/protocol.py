"""What a provider is: the types that planner, providers and third parties share.

A leaf. It imports nothing of `state` or `planner`, not even for types; `Resource` is a
Protocol that `state.model.ResourceRecord` satisfies. A step type knows one kind of resource
on the cluster and never touches another node: the planner composes the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

__all__ = [
    "Candidate",
    "Change",
    "Cluster",
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
]

Json: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
InputType = Literal["string", "number", "integer", "boolean", "object", "array", "any"]
SetKind = Literal["in_place", "replace"]
RemoveKind = Literal["in_place", "replace", "keep"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a step, and what each kind of change to it means.

    `set`: what a new or changed value needs. `remove`: what taking it away needs; `keep`
    means that the API can't clear it, so nothing is planned and a note says so. With
    `merge`, the server merges the object key by key: a set key follows `set`, a removed
    one follows `remove`. `sensitive` covers everything below the input. `write_only` is
    accepted and never returned, so it can't drift. `reference` names the kind that the
    input holds the id of: when that resource is replaced, this input is re-pointed.
    `local` is read by flowplan and never sent as such: it is taken from another node only where
    that is asked for by name. An array that several nodes give together (an agent's tools) is
    put in the order of the node ids that the input `order` lists. `unmanaged` says of an act
    (it deletes, it undeploys) that it must not name what a node of the same template makes,
    since the next apply would undo it; the text is what to do instead.
    """

    types: tuple[InputType, ...] = ("any",)
    required: bool = False
    sensitive: bool = False
    set: SetKind = "replace"
    remove: RemoveKind = "replace"
    merge: bool = False
    write_only: bool = False
    reference: str | None = None
    local: bool = False
    order: str | None = None
    unmanaged: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class StepSchema:
    """All that is known of a step type without asking a cluster.

    The one source for validation, redaction, `flowplan steps`, the published JSON Schema
    and the reference documentation. `listed` are the inputs that Flow Framework's `_steps`
    prints (flow-framework.md §1), `timeout` is in seconds, `volatile` are top-level fields of
    a read document that change by themselves. `creates` is what the step leaves behind:
    "resource", "effect" (a deployment: changes a resource of another node), "act" (something
    was done once, and there is nothing to read or delete) or "nothing" (no request at all).
    `deleted_after` are kinds: whatever of them a plan deletes goes before any of this type.
    """

    inputs: Mapping[str, InputSpec]
    outputs: tuple[str, ...] = ()
    resource_type: str | None = None
    plugins: tuple[str, ...] = ()
    timeout: float = 10.0
    listed: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()
    creates: Literal["resource", "effect", "act", "nothing"] = "resource"
    create_before_destroy: bool = True
    holds_data: bool = False
    deleted_after: frozenset[str] = frozenset()
    description: str = ""


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
    """Something on the cluster that uses a resource."""

    kind: str
    resource_id: str
    name: str = ""
    blocks_update: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resource that a request with a lost answer may have made.

    `created` is in seconds since the epoch by the cluster's clock, None where unknown.
    """

    resource_id: str
    fields: Mapping[str, Json]
    created: float | None = None
    owned: tuple[Owned, ...] = ()


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


class Cluster(Protocol):
    """The way to the cluster that a provider gets: one for each operation.

    Every request carries the operation's intent as `X-Opaque-Id`.
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

    def read(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Observed | None]:
        """`fetch` and `observe` in one."""

    def holders(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Sequence[Holder]]:
        """Who uses these resources, in bulk: what decides between update and replacement."""

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
