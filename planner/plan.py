"""The plan: one frozen object that preview, saved file, apply and every renderer share.

It holds nothing secret and no times, so equal templates give byte-equal plans: values in it
went through `planner.values.masked`. This module must not know how a plan is made, drawn,
saved or carried out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from flowplan.dataclass import dataclass, field
from flowplan.errors import Diagnostic
from flowplan.planner.values import Json, Path

__all__ = [
    "ACTIONS",
    "Action",
    "Binding",
    "Drift",
    "FieldChange",
    "Mode",
    "NodeChange",
    "OutputChange",
    "Partial",
    "Plan",
    "User",
]

Action = Literal["create", "update", "replace", "delete", "import", "move", "forget", "no-op"]
ACTIONS: tuple[Action, ...] = (
    "create", "update", "replace", "delete", "import", "move", "forget", "no-op",
)  # fmt: skip
Mode = Literal["apply", "destroy", "refresh-only"]
Order = Literal["create_before_destroy", "destroy_before_create"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One leaf that differs. `origin` is the node that an unknown `after` waits for.

    `removed`: the template no longer sets it; `added`: it had no value before; `left_alone`, in
    drift: this plan does not put it right, since the template does not set it.
    """

    path: Path
    before: Json = None
    after: Json = None
    sensitive: bool = False
    known: bool = True
    forces_replace: bool = False
    origin: str | None = None
    added: bool = False
    removed: bool = False
    left_alone: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """Something on the cluster that uses what a change takes away. `kind` is as a read's."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What will happen to one node, why, and in which steps.

    `notes` are sentences for people (a text that can't be cleared, a foreign holder);
    `blocked` is the word that `--allow-delete` needs; `kept_by` is another node that wants the
    effect (a deployment) which this one lets go; `then` is what an
    import does once it has taken over; `unchanged` counts the inputs that stay;
    `used_by` are those that would miss what goes and are not part of this plan; `moved_from` is
    the name that the state still has for this node; `stays_for` are nodes outside of this plan
    that use what is replaced, so that the old one stays deposed.
    """

    node: str
    type: str
    action: Action
    reason: str
    resource_id: str | None = None
    resource_type: str | None = None
    depends_on: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    order: Order | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    blocked: str | None = None
    kept_by: str | None = None
    then: Action | None = None
    unchanged: int = 0
    used_by: tuple[User, ...] = ()
    moved_from: str | None = None
    stays_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs on the cluster from what was recorded.

    `restored` says that this plan puts it right; else it is reported only.
    """

    node: str
    type: str
    resource_id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    gone: bool = False
    restored: bool = False


@dataclass(frozen=True, slots=True)
class OutputChange:
    """A workflow output before and after."""

    before: Json = None
    after: Json = None
    known: bool = True
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """What a plan is limited to: the patterns, and `nodes` of all `of` nodes that it is about."""

    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    nodes: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Binding:
    """What a saved plan is bound to; apply refuses it when any of these moved.

    `secrets` are the digests of the sensitive params, by name: they say which of them moved.
    """

    template: str = ""
    params: str = ""
    lineage: str = ""
    serial: int = 0
    journal: int = 0
    cluster: str = ""
    salt: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between template, state and cluster, in dependency order.

    `changes` has every node of template and state, also the `no-op` ones. `server` is the
    cluster's version and `cluster` its uuid; `requests` is the number of requests the refresh
    took, `checked` whether there was one, `looked_at` how many resources a refresh-only one read.
    `partial`: nodes that are not in `changes` were not
    looked at and stay as they are. `not_given` are the secret params that it was made without.
    """

    workflow: str
    endpoint: str
    mode: Mode
    changes: tuple[NodeChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    outputs: Mapping[str, OutputChange] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    binding: Binding = Binding()
    server: str = ""
    cluster: str | None = None
    state_location: str = ""
    requests: int = 0
    checked: bool = True
    partial: Partial | None = None
    looked_at: int = 0
    not_given: tuple[str, ...] = ()

    @property
    def summary(self) -> Mapping[str, int]:
        """How many nodes each action has, and `drift`."""
        count = Counter(change.action for change in self.changes)
        totals: dict[str, int] = {action: count[action] for action in ACTIONS}
        totals["drift"] = len(self.drift)
        return totals

    @property
    def pending(self) -> tuple[NodeChange, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action != "no-op")

    @property
    def outputs_changed(self) -> bool:
        """Whether any output gets another value or may get one."""
        return any(not out.known or out.before != out.after for out in self.outputs.values())

    @property
    def empty(self) -> bool:
        """Whether an apply would change no resource."""
        if self.mode == "refresh-only":
            return not self.drift
        return not self.pending
