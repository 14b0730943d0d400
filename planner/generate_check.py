"""`import --generate`: take stock, write a template, and see that it plans nothing but imports.

A template that nobody could apply is worse than one that lacks a node: what is not valid, and
what can't be taken over, is left out and told. Must not know how anything is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic, PlanError, TemplateError
from flowplan.planner.generate import Draft, draft
from flowplan.planner.imports import Importing
from flowplan.planner.inventory import Inventory, Item, take_stock
from flowplan.planner.params import Params
from flowplan.planner.plan import NodeChange
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template, parse
from flowplan.planner.values import Json, Sensitive
from flowplan.planner.walk import Walk
from flowplan.planner.workspace import Workspace
from flowplan.state.identity import new_salt

__all__ = ["Generated", "generate"]


@dataclass(frozen=True, slots=True)
class Generated:
    """A template as plain JSON, what to tell about it, and how much it holds.

    `params` are the names of those that have to be given, `known` the number of resources that
    the state has already, `requests` what reading took.
    """

    document: Mapping[str, Json]
    warnings: tuple[Diagnostic, ...] = ()
    nodes: int = 0
    params: tuple[str, ...] = ()
    known: int = 0
    requests: int = 0


def generate(
    workspace: Workspace,
    *,
    name: str = "imported",
    only: Sequence[str] = (),
    known: frozenset[tuple[str, str]] = frozenset(),
) -> Generated:
    """A template of everything on the cluster that `only` lets through and `known` has not.

    Raises `PlanError` FP280, FP281, `TemplateError` for what is wrong with all of it (its
    size), and what the cluster raises.
    """
    if workspace.connection is None:
        raise ValueError("taking stock needs a cluster")
    sent = workspace.connection.request_count
    notes: list[str] = []
    cluster = workspace.connection.operation(on_note=notes.append)
    stock = take_stock(workspace.steps, cluster, only=only, known=known)
    told = [Diagnostic("warning", "FP285", note) for note in notes]
    items = list(stock.items)
    while True:
        if not items:
            raise _all_left_out(stock, told)
        made = draft(workspace.steps, items, name)
        wrong = _refused(workspace, made)
        if isinstance(wrong, tuple):
            break
        told += [_left_out(item, made.nodes[item.node or ""]) for item in wrong]
        gone = {made.nodes[item.node or ""].resource_id for item in wrong}
        items = [item for item in items if item.resource_id not in gone]
    return Generated(
        document=made.document(),
        warnings=(*stock.left_out, *told, *map(_differs, wrong)),
        nodes=len(made.nodes),
        params=tuple(made.params),
        known=stock.known,
        requests=workspace.connection.request_count - sent,
    )


def _refused(
    workspace: Workspace, made: Draft
) -> list[Diagnostic] | tuple[NodeChange, ...]:  # fmt: skip
    """What is wrong with nodes, each to be left out; else the changes that would be planned."""
    document = parse_text(json.dumps(made.document()), made.name, "json")
    template, found = parse(document, workspace.steps)
    if template is None:
        errors = [item for item in found if item.severity == "error"]
        if any(item.node not in made.nodes for item in errors):
            raise TemplateError(*errors)
        return list({item.node: item for item in reversed(errors)}.values())
    try:
        return _planned(workspace, template, made)
    except PlanError as error:
        if any(item.node not in made.nodes for item in error.diagnostics):
            raise
        return list(error.diagnostics)


def _planned(workspace: Workspace, template: Template, made: Draft) -> tuple[NodeChange, ...]:
    """The nodes that an apply would do more to than take them over. Sends nothing."""
    hidden = {param: made.known.get(param, Sensitive("hidden")) for param in made.params}
    imports = {
        node: Importing(item.resource_id, item.document) for node, item in made.nodes.items()
    }
    alone = replace(workspace, template=template, params=Params(hidden), connection=None)
    walk = Walk(alone, template, Params(hidden), {}, {}, new_salt(), imports=imports)
    return tuple(
        change
        for change in walk.run().changes
        if change.action != "import" or change.then is not None or change.fields
    )


def _left_out(wrong: Diagnostic, item: Item) -> Diagnostic:
    return Diagnostic(
        "warning", "FP283", f"the {item.kind.replace('_', ' ')} {item.name} is left out",
        f"Its node would be wrong ({wrong.code}): {wrong.summary}.",
        hint="its id stays written out where others use it",
    )  # fmt: skip


def _differs(change: NodeChange) -> Diagnostic:
    paths = ", ".join(".".join(map(str, item.path)) for item in change.fields)
    return Diagnostic(
        "warning", "FP284", "an apply would do more to it than take it over",
        f"It would change {paths}." if paths else f"It would be: {change.action}.",
        node=change.node, hint="correct the node before the first apply: flowplan plan shows it",
    )  # fmt: skip


def _all_left_out(stock: Inventory, told: Sequence[Diagnostic]) -> PlanError:
    return PlanError(
        Diagnostic(
            "error", "FP281", "there is nothing on the cluster to write a template of",
            "What there is can't be put into a template, as the warnings say.",
            hint="check --endpoint, and what the account may see",
        ),
        *stock.left_out, *told,
    )  # fmt: skip
