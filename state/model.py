"""What flowplan remembers of a workflow: immutable records and the document that holds them.

This module must not know files, locks, HTTP or templates. Sensitive values are digests here
(`flowplan.planner.values.seal`); clear ones never arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from flowplan.dataclass import dataclass, field, replace
from flowplan.protocol import Owned

__all__ = [
    "ClusterIdentity",
    "Deposed",
    "IntentRecord",
    "OutputRecord",
    "Provision",
    "ProvisionStatus",
    "ResourceRecord",
    "State",
]

Json: TypeAlias = Any
Status = Literal["ready", "pending", "tainted"]
Provision = Literal["NOT_STARTED", "PROVISIONING", "COMPLETED", "FAILED"]


@dataclass(frozen=True, slots=True)
class Deposed:
    """A replaced resource that is still on the cluster and waits to be deleted."""

    type: str
    resource_type: str | None
    resource_id: str | None
    inputs: Mapping[str, Json] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    owned: tuple[Owned, ...] = ()
    node: str = ""
    notes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One node as it was last applied.

    `inputs` are the resolved inputs as sent, `observed` the fields as read back (None until
    the first read-back), `dependencies` the nodes whose outputs it used. `owned` came into
    being with it. `pending` are the top-level inputs whose change was begun and not finished;
    `notes` is what the step type said before an unfinished create. `in_use`: the cluster refused
    to update it in place, so its next change is a replacement. `lifecycle` has the settings that
    hold when the template is gone. `paused` are the models that a change in place undeployed, and
    that have to be deployed again; `due`: what triggers its replacement was changed, and it was
    not replaced yet.
    """

    node: str
    type: str
    resource_type: str | None = None
    resource_id: str | None = None
    inputs: Mapping[str, Json] = field(default_factory=dict)
    observed: Mapping[str, Json] | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    status: Status = "ready"
    owned: tuple[Owned, ...] = ()
    deposed: tuple[Deposed, ...] = ()
    pending: tuple[str, ...] = ()
    lifecycle: Mapping[str, Json] = field(default_factory=dict)
    notes: Mapping[str, Json] = field(default_factory=dict)
    in_use: bool = False
    paused: tuple[str, ...] = ()
    due: bool = False

    @property
    def empty(self) -> bool:
        """Whether its resource was deleted for a new one, which was not made yet."""
        return self.status == "pending" and self.resource_id is None

    def emptied(self) -> ResourceRecord:
        """The record of a node whose resource is deleted, so that a new one can be made."""
        return ResourceRecord(
            self.node, self.type, self.resource_type, dependencies=self.dependencies,
            status="pending", deposed=self.deposed,
        )  # fmt: skip

    def depose(self) -> Deposed:
        """This resource as one that has been replaced."""
        return Deposed(
            self.type, self.resource_type, self.resource_id,
            self.inputs, self.outputs, self.owned, self.node, self.notes,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A workflow output; the value of a sensitive one is never kept."""

    value: Json = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """Which cluster the ids belong to: `cluster_uuid`, else the endpoint."""

    uuid: str | None = None
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class ProvisionStatus:
    """Flow Framework's provisioning status. Times are milliseconds since the epoch."""

    state: Provision = "NOT_STARTED"
    error: str | None = None
    start_time: int | None = None
    end_time: int | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The whole document. `lineage` is the `workflow_id`: 20 URL-safe characters."""

    lineage: str
    serial: int
    workflow: str
    salt: str
    cluster: ClusterIdentity = ClusterIdentity()
    status: ProvisionStatus = ProvisionStatus()
    resources: Mapping[str, ResourceRecord] = field(default_factory=dict)
    outputs: Mapping[str, OutputRecord] = field(default_factory=dict)

    def put(self, record: ResourceRecord) -> State:
        """The same with `record` in the place of its node's."""
        return replace(self, resources={**self.resources, record.node: record})

    def drop(self, node: str) -> State:
        """The same without `node`."""
        rest = {name: record for name, record in self.resources.items() if name != node}
        return replace(self, resources=rest)


@dataclass(frozen=True, slots=True)
class IntentRecord:
    """A wish made durable before its request is sent; satisfies `flowplan.protocol.Intent`.

    `verb` is create, update or delete; `record` is what the node's record becomes if the
    request took effect (without ids), `before` what it is until then; `at` is in seconds
    since the epoch by our clock.
    """

    id: str
    node: str
    type: str
    verb: Literal["create", "update", "delete"]
    at: float
    record: ResourceRecord
    expected: Mapping[str, Json] = field(default_factory=dict)
    notes: Mapping[str, Json] = field(default_factory=dict)
    deposed: bool = False
