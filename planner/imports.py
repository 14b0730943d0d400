"""Which nodes take over what is there, and reading it: from the template or the command line.

Reads only. It must not know what is recorded of a resource that is taken over (`planner.adopt`)
or how a plan is carried out.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, PlanError, nearest
from flowplan.planner.params import Params
from flowplan.planner.resolve import Resolver
from flowplan.planner.template import Template
from flowplan.planner.values import Json
from flowplan.protocol import Cluster

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.workspace import Steps
    from flowplan.state.model import Deposed, ResourceRecord

__all__ = [
    "Importing",
    "check_node",
    "import_command",
    "look_for",
    "look_up",
    "owners_of",
    "superseded",
    "wanted_imports",
]


@dataclass(frozen=True, slots=True)
class Importing:
    """A resource to be taken over, and what was read of it."""

    resource_id: str
    document: Json


def import_command(node: str, resource_id: str) -> str:
    """The command that takes a resource over, as a shell takes it."""
    # One id in 64 begins with a dash, and would be read as an option.
    end = ["--"] if resource_id.startswith("-") else []
    return shlex.join(["flowplan", "import", *end, node, resource_id])


def wanted_imports(
    template: Template,
    params: Params,
    steps: Steps,
    records: Mapping[str, ResourceRecord],
) -> dict[str, str]:
    """The ids by node of the template's imports that are not done yet.

    An entry is done once its node has a resource, be it another one by now (`superseded`).
    Raises `TemplateError` for an id that is no text, `PlanError` with all that can't be taken
    over: FP484, FP485.
    """
    if not template.imports:
        return {}
    ids = Resolver.of(template, params, steps).import_ids()
    types = {node.id: node.type for node in template.nodes}
    owners = owners_of(steps, records.values())
    wanted: dict[str, str] = {}
    wrong: list[Diagnostic] = []
    for node, resource_id in ids.items():
        if node in records:
            continue
        try:
            check_node(template, steps, records, owners, node, resource_id)
        except PlanError as error:
            wrong += error.diagnostics
        wanted[node] = resource_id
        step = steps.step(types[node])
        if step.schema.creates == "resource":
            owners.setdefault((step.kind, resource_id), node)
    if wrong:
        raise PlanError(*wrong)
    return wanted


def superseded(
    template: Template, params: Params, steps: Steps, records: Mapping[str, ResourceRecord]
) -> Iterator[Diagnostic]:
    """Warnings of imports whose node has another resource: it was replaced, or made, since."""
    ids = Resolver.of(template, params, steps).import_ids() if template.imports else {}
    for node, resource_id in ids.items():
        record = records.get(node)
        if record is not None and record.resource_id != resource_id:
            yield Diagnostic(
                "warning", "FP488", f"the import of {resource_id} is passed over",
                f"The node has {record.resource_id or 'nothing on the cluster'} by now.",
                node=node, hint="remove the entry from flowplan.imports",
            )  # fmt: skip


def check_node(
    template: Template,
    steps: Steps,
    records: Mapping[str, ResourceRecord],
    owners: Mapping[tuple[str, str], str],
    node: str,
    resource_id: str,
) -> None:
    """See that `node` can take over `resource_id`, as far as template and state can tell.

    Raises `PlanError`: FP486 for no node of the template, FP483 for one that has a resource,
    FP484 for a resource of another node, FP485 for a type that has none.
    """
    found = template.node(node)
    if found is None:
        near = nearest(node, [item.id for item in template.nodes])
        raise PlanError(
            Diagnostic(
                "error", "FP486", f'the template has no node "{node}"',
                "What is taken over belongs to a node, whose inputs say what it is to be.",
                hint=f'did you mean "{near}"?' if near else "add the node, then import again",
            )
        )  # fmt: skip
    if node in records:
        raise PlanError(_recorded(records[node], resource_id))
    step = steps.step(found.type)
    if step.schema.creates in ("act", "nothing"):
        raise PlanError(
            Diagnostic(
                "error", "FP485", f"a {found.type} has nothing on the cluster to take over",
                "It does something once, or only prepares what others use.",
                node=node, hint="import the nodes around it; apply runs this one",
            )
        )  # fmt: skip
    owner = owners.get((step.kind, resource_id))
    if owner is not None and step.schema.creates != "effect":
        raise PlanError(
            Diagnostic(
                "error", "FP484", f"{resource_id} belongs to the node {owner} already",
                "Two nodes of one resource would both change it, and both delete it.",
                node=node, hint=f"use the node {owner}, or name the id of another resource",
            )
        )  # fmt: skip


def _recorded(record: ResourceRecord, resource_id: str) -> Diagnostic:
    have = record.resource_id or "nothing on the cluster"
    same = have == resource_id
    return Diagnostic(
        "error", "FP483",
        f"the node is in the state already{', with this id' if same else f', with {have}'}",
        "" if same else f"To take over {resource_id} instead, the state has to let go of {have}: "
        "it stays on the cluster, and nobody manages it.",
        node=record.node,
        hint="nothing is left to do" if same else shlex.join(
            ["flowplan", "state", "rm", record.node]
        ),
    )  # fmt: skip


def owners_of(steps: Steps, records: Iterable[ResourceRecord]) -> dict[tuple[str, str], str]:
    """The node by kind and id of what records have, what they replaced, and what came along."""
    found: dict[tuple[str, str], str] = {}
    for record in records:
        parts: tuple[ResourceRecord | Deposed, ...] = (record, *record.deposed)
        for part in parts:
            step = steps.step(part.type)
            if step.schema.creates == "resource" and part.resource_id is not None:
                found[step.kind, part.resource_id] = record.node
            found.update({(item.kind, item.resource_id): record.node for item in part.owned})
    return found


def look_up(
    template: Template, steps: Steps, cluster: Cluster, wanted: Mapping[str, str], endpoint: str
) -> dict[str, Importing]:
    """What these resources are, one search a kind. Raises `PlanError` FP480 for what is gone."""
    found, gone = look_for(template, steps, cluster, wanted, endpoint)
    if gone:
        raise PlanError(*gone)
    return found


def look_for(
    template: Template, steps: Steps, cluster: Cluster, wanted: Mapping[str, str], endpoint: str
) -> tuple[dict[str, Importing], list[Diagnostic]]:
    """What these resources are, one search a kind, and FP480 for each that is gone."""
    types = {node.id: node.type for node in template.nodes}
    by_kind: dict[str, list[str]] = defaultdict(list)
    for node in wanted:
        by_kind[steps.step(types[node]).kind].append(node)
    found: dict[str, Importing] = {}
    gone: list[Diagnostic] = []
    for kind in sorted(by_kind):
        nodes = by_kind[kind]
        ids = sorted({wanted[node] for node in nodes})
        documents = steps.step(types[nodes[0]]).fetch(cluster, ids)
        for node in nodes:
            document = documents.get(wanted[node])
            if document is None:
                gone.append(_gone(node, kind, wanted[node], endpoint))
            else:
                found[node] = Importing(wanted[node], document)
    return found, gone


def _gone(node: str, kind: str, resource_id: str, endpoint: str) -> Diagnostic:
    what = kind.replace("_", " ")
    return Diagnostic(
        "error", "FP480", f"no {what} {resource_id} on {endpoint}",
        f"It was looked for as the id of {'an' if what[0] in 'aeiou' else 'a'} {what}. What this "
        "account may not see counts as not there.",
        node=node, hint="check the id, the type of the node, and the endpoint",
    )  # fmt: skip
