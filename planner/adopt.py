"""Taking over what is there already: a record that makes the next plan show what differs.

Where the cluster shows what the template wants, after the server's normalisation, the record
has the template's value; elsewhere it has the cluster's. So the plan that follows has exactly
the fields that differ, by the same comparison as ever. Reads nothing itself; must not know
where the document came from, or other nodes.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.imports import import_command
from flowplan.planner.likeness import PENDING, as_seen, likeness
from flowplan.planner.plan import NodeChange
from flowplan.planner.refresh import sealed_fields
from flowplan.planner.template import Node
from flowplan.planner.values import (
    Json,
    Unknown,
    Value,
    canonical,
    has_unknown,
    reveal,
    seal,
    sensitive_paths,
)
from flowplan.planner.wording import thing
from flowplan.protocol import Observed, StepType
from flowplan.state.model import ResourceRecord

__all__ = ["Adoption", "adopt", "as_import"]


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is recorded of a resource that is taken over, what was seen of it, what to tell."""

    record: ResourceRecord
    found: Observed
    notes: tuple[str, ...] = ()


def adopt(
    node: Node,
    step: StepType,
    desired: Mapping[str, Value],
    resource_id: str,
    document: Json,
    salt: str,
) -> Adoption:
    """The adoption of the resource that `document` was read of.

    `desired` are the resolved inputs, some of them `Unknown` perhaps. Raises `PlanError` FP481
    for what is no such resource, FP482 where the template names another one.
    """
    _check_named(node, step, desired, resource_id)
    known = {key: value for key, value in desired.items() if not isinstance(value, Unknown)}
    plain = reveal(_standing_in(known))
    seen = step.observe(resource_id, document, plain)
    if seen is None:
        raise _no_such(node, step, resource_id)
    expected = step.expect(plain)
    inputs, derived = _inputs(step, desired, expected, seen.fields)
    derived |= _implied(node, step, desired, expected, seen, resource_id)
    sealed = seal(inputs, salt)
    found = step.observe(resource_id, document, reveal(inputs)) or seen
    record = ResourceRecord(
        node=node.id, type=node.type, resource_type=step.schema.resource_type,
        resource_id=resource_id, inputs=sealed,
        # Without a read-back the next plan compares what is wanted with what is there: the way
        # to see what differs in something that no input names, such as a deployment.
        observed=None if derived else sealed_fields(found.fields, inputs, salt),
        outputs={**step.outputs_of(resource_id), **seal(_previewed(step, desired), salt)},
    )  # fmt: skip
    return Adoption(record, found, tuple(_notes(step, desired, expected, inputs, seen.fields)))


def _standing_in(value: Value) -> Value:
    """The same with a text in the place of what is not known yet."""
    if isinstance(value, Mapping):
        return {key: _standing_in(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_standing_in(item) for item in value]
    return PENDING if isinstance(value, Unknown) else value


def _previewed(step: StepType, desired: Mapping[str, Value]) -> Mapping[str, Value]:
    found = step.preview(desired)
    return {name: value for name, value in found.items() if not has_unknown(value)}


def _check_named(
    node: Node, step: StepType, desired: Mapping[str, Value], resource_id: str
) -> None:
    """Raises `PlanError` FP482 when the template's own inputs say which resource it is."""
    name = step.schema.resource_type or ""
    named = step.preview(desired).get(name)
    if step.schema.creates == "effect":
        named = desired.get(name)
    if isinstance(named, str) and named != resource_id:
        what = thing(node.type, step.schema.resource_type)
        raise PlanError(
            Diagnostic(
                "error", "FP482", f"the template's {what} is {named}, not {resource_id}",
                f"The {name} of this node is {named}, so that is the one it can take over.",
                node=node.id, hint=import_command(node.id, named),
            )
        )  # fmt: skip


def _inputs(
    step: StepType, desired: Mapping[str, Value], expected: Json, seen: Mapping[str, Json]
) -> tuple[dict[str, Value], bool]:
    """What is recorded as the inputs, and whether something that no input names differs."""
    written = desired if sensitive_paths(desired) else step.comparable(desired)
    found: dict[str, Value] = {}
    derived = False
    for name, value in desired.items():
        spec = step.schema.inputs.get(name)
        if spec is None or spec.write_only:
            if not has_unknown(value):
                found[name] = value
        elif name in expected and name in seen:
            like = likeness(written[name], expected[name], seen[name], filled_in=spec.filled_in)
            derived = derived or like.derived
            found[name] = value if like.same else like.value
        elif name in seen:
            found[name] = as_seen(value, seen[name])
        elif name not in expected and not has_unknown(value):
            found[name] = value
    return found, derived


def _implied(
    node: Node,
    step: StepType,
    desired: Mapping[str, Value],
    expected: Mapping[str, Json],
    seen: Observed,
    resource_id: str,
) -> bool:
    """Whether something that no input names differs. Raises `PlanError` FP481.

    What the type itself implies and nobody can change says that it is another thing: a local
    model is no remote one.
    """
    specs = step.schema.inputs
    for name, value in step.expect({}).items():
        if name in specs and specs[name].set == "replace" and value != seen.fields.get(name):
            why = f"Its {name} is {seen.fields.get(name)}, not {value}."
            raise _no_such(node, step, resource_id, why)
    return any(
        canonical(value) != canonical(seen.fields.get(name))
        for name, value in expected.items()
        if name not in desired
    )


def _no_such(node: Node, step: StepType, resource_id: str, why: str = "") -> PlanError:
    what = thing(node.type, step.schema.resource_type)
    return PlanError(
        Diagnostic(
            "error", "FP481", f"{resource_id} is no {what} that {node.type} makes", why,
            node=node.id, hint="name the id of another one, or correct the node's type",
        )
    )  # fmt: skip


def _notes(
    step: StepType,
    desired: Mapping[str, Value],
    expected: Mapping[str, Json],
    inputs: Mapping[str, Value],
    seen: Mapping[str, Json],
) -> list[str]:
    """What could not be compared: it is taken as the template has it."""
    specs = step.schema.inputs
    hidden = sorted(
        name for name in desired
        if (name not in specs or specs[name].write_only) and not _is_local(step, name)
    )  # fmt: skip
    hidden += sorted(
        name for name, value in inputs.items()
        if value is desired.get(name) and sensitive_paths(value) and name in expected
        and name not in hidden and canonical(expected[name]) != canonical(seen.get(name))
    )  # fmt: skip
    if not hidden:
        return []
    them = "it is" if len(hidden) == 1 else "they are"
    names = ", ".join(hidden)
    taken = f"so {them} taken to be as the template says; a new value is sent like any change"
    return [f"{names} can't be read from the cluster, {taken}"]


def _is_local(step: StepType, name: str) -> bool:
    spec = step.schema.inputs.get(name)
    return spec is not None and spec.local


def as_import(change: NodeChange, adoption: Adoption) -> NodeChange:
    """The change of a node after taking over, told together with the taking over.

    What would need a replacement is left to the next plan: taking over destroys nothing.
    """
    then = change.action if change.action == "update" else None
    steps = (f"take over the {thing(change.type, change.resource_type)} as it is",)
    notes = (*adoption.notes, *change.notes)
    if change.action == "replace":
        notes = (*notes, "what differs can't be changed in place: the next plan makes it anew")
    return replace(
        change, action="import", reason="requested", order=None, then=then, notes=notes,
        steps=(*steps, *(change.steps if then else ())),
    )  # fmt: skip
