"""The schema of a step type: its inputs, its outputs, and what each kind of change needs.

A part of `flowplan.protocol`, which names it for everybody. It must not know a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from flowplan.dataclass import dataclass

__all__ = ["Flaw", "InputSpec", "Json", "StepSchema"]

Json: TypeAlias = Any
InputType = Literal["string", "number", "integer", "boolean", "object", "array", "any"]
SetKind = Literal["in_place", "replace"]
RemoveKind = Literal["in_place", "replace", "keep"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a value of the right type can't be used on any cluster: a mistake of the template."""

    summary: str
    detail: str = ""
    hint: str = ""


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
    put in the order of the node ids that the input `order` lists. `filled_in`: the server adds
    values of its own inside it, so that one more there is no difference. `unmanaged` says of an act
    (it deletes, it undeploys) that it must not name what a node of the same template makes,
    since the next apply would undo it; the text is what to do instead. `flaw` looks into a
    value of the right type, once all of it is known.
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
    filled_in: bool = False
    unmanaged: str = ""
    flaw: Callable[[Json], Flaw | None] | None = None
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
    `updated_when_idle`: the cluster refuses to update one while a deployed model uses it.
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
    updated_when_idle: bool = False
    description: str = ""
