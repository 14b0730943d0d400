"""Which nodes a plan is about: `--target`, `--exclude` and `--replace`, from patterns to node ids.

A pattern is a node's id; else the id of what a `for_each` makes several of; else a step type;
else a glob over ids. What a selected node needs is selected with it, and what needs a node that
is left out is left out with it. Pure. It must not know clusters, or what will be done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from shlex import quote

from flowplan.dataclass import dataclass, replace
from flowplan.errors import Diagnostic, PlanError, nearest
from flowplan.planner.expressions import ExpressionError, references, target
from flowplan.planner.graph import edges_of
from flowplan.planner.plan import Partial
from flowplan.planner.template import Template
from flowplan.planner.users import users_of
from flowplan.planner.values import Json
from flowplan.planner.workspace import Steps
from flowplan.state.model import ResourceRecord

__all__ = [
    "Scope",
    "Selection",
    "check_replaced",
    "choose",
    "matches",
    "narrowed",
    "refreshed_nodes",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """The patterns as they were given; without any, everything is meant."""

    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.target or self.exclude or self.replace)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a selection comes to: `nodes` are planned, `replaced` of them are to be made anew.

    `partial` is for the plan to say; None when every node is selected because none was named.
    """

    nodes: frozenset[str]
    replaced: frozenset[str] = frozenset()
    partial: Partial | None = None


def choose(
    selection: Selection,
    template: Template | None,
    steps: Steps,
    records: Mapping[str, ResourceRecord],
    *,
    deleting: bool,
) -> Scope:
    """The nodes that `selection` means, of template and state.

    Without a template the state's nodes count: with `deleting` a node needs that what uses it
    goes first, else it needs what it was made with. Raises `PlanError` FP260 for each pattern
    that matches nothing, FP261 when nothing is left, and FP262 to FP264 for a replacement that
    can't be.
    """
    types = _types(template, records)
    _check(selection, types)
    needs = _needs(template, steps, records, deleting=deleting)
    nodes = frozenset(types)
    if selection.target:
        nodes = _closure(_named(selection.target, types), needs)
    nodes -= _closure(_named(selection.exclude, types), _inverse(needs))
    partial = None
    if selection.target or selection.exclude:
        partial = Partial(selection.target, selection.exclude, len(nodes), len(types))
        if not nodes:
            raise _nothing_left(selection)
    replaced = _replaced(selection.replace, types, nodes, template, steps)
    return Scope(nodes, replaced, partial)


def refreshed_nodes(
    partial: Partial | None, steps: Steps, records: Mapping[str, ResourceRecord]
) -> frozenset[str]:
    """The nodes that a refresh-only plan is about. Raises `PlanError` FP260, FP261."""
    if partial is None:
        return frozenset(records)
    selection = Selection(partial.target, partial.exclude)
    return choose(selection, None, steps, records, deleting=False).nodes


def check_replaced(replaced: Collection[str], imported: Collection[str]) -> None:
    """Refuse to make anew what the same plan takes over. Raises `PlanError` FP265."""
    for name in imported:
        if name in replaced:
            raise PlanError.of(
                "FP265",
                f"{name} can't be replaced: this plan takes it over",
                "Taking over deletes nothing, so that a wrong id does no harm.",
                hint="apply without --replace first",
                node=name,
            )


def matches(pattern: str, types: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The nodes that `pattern` names; `types` has each node's step types, wanted and recorded."""
    if pattern in types:
        return frozenset({pattern})
    several = frozenset(name for name in types if name.startswith(f"{pattern}["))
    if several:
        return several
    typed = frozenset(name for name, kinds in types.items() if pattern in kinds)
    if typed:
        return typed
    # The bracket of `group["eu"]` is no class of characters.
    glob = pattern.replace('["', '[[]"')
    return frozenset(name for name in types if fnmatchcase(name, glob))


def narrowed(template: Template, nodes: Collection[str], steps: Steps) -> Template:
    """The template with these nodes only, and with the outputs that need no other one.

    What they need has to be among them.
    """
    declared = _declared(template, steps)
    return replace(
        template,
        nodes=tuple(node for node in template.nodes if node.id in nodes),
        imports=tuple(item for item in template.imports if item.node in nodes),
        outputs={
            name: value
            for name, value in template.outputs.items()
            if _used_nodes(value, declared) <= set(nodes)
        },
    )


def _declared(template: Template, steps: Steps) -> Mapping[str, tuple[str, ...]]:
    return {node.id: steps.step(node.type).schema.outputs for node in template.nodes}


def _used_nodes(value: Json, declared: Mapping[str, tuple[str, ...]]) -> set[str]:
    found = set()
    try:
        for reference in references(value):
            named = target(reference.name, declared)
            if named is not None and named[1][0] in declared[named[0]]:
                found.add(named[0])
    except ExpressionError:
        # Told by whoever evaluates it.
        return set()
    return found


def _types(
    template: Template | None, records: Mapping[str, ResourceRecord]
) -> Mapping[str, frozenset[str]]:
    """Each node's step types, the template's nodes first."""
    found: dict[str, set[str]] = {}
    for node in template.nodes if template else ():
        found.setdefault(node.id, set()).add(node.type)
    for name, record in records.items():
        found.setdefault(name, set()).add(record.type)
    return {name: frozenset(kinds) for name, kinds in found.items()}


def _needs(
    template: Template | None,
    steps: Steps,
    records: Mapping[str, ResourceRecord],
    *,
    deleting: bool,
) -> Mapping[str, Collection[str]]:
    """What has to be in a plan with each node: what it is made with, or what must let it go."""
    needs: dict[str, Collection[str]] = {}
    # Who uses it through others is found as theirs.
    users = users_of(records, steps).direct
    for name, record in records.items():
        if template is not None or deleting:
            needs[name] = users.get(name, ())
        else:
            needs[name] = [other for other in record.dependencies if other in records]
    if template is not None:
        needs.update(edges_of(template, _declared(template, steps)))
    return needs


def _inverse(needs: Mapping[str, Collection[str]]) -> Mapping[str, Collection[str]]:
    found: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in needs.items():
        for other in others:
            found[other].append(name)
    return found


def _closure(names: Iterable[str], needs: Mapping[str, Collection[str]]) -> frozenset[str]:
    found = set(names)
    waiting = list(found)
    while waiting:
        fresh = set(needs[waiting.pop()]) - found
        found |= fresh
        waiting += fresh
    return frozenset(found)


def _named(patterns: Iterable[str], types: Mapping[str, Collection[str]]) -> frozenset[str]:
    return frozenset().union(*(matches(pattern, types) for pattern in patterns))


def _check(selection: Selection, types: Mapping[str, Collection[str]]) -> None:
    """Raises `PlanError` FP260 with every pattern that matches nothing."""
    known = sorted({*types, *(kind for kinds in types.values() for kind in kinds)})
    wrong = []
    for flag in ("target", "exclude", "replace"):
        for pattern in getattr(selection, flag):
            if matches(pattern, types):
                continue
            near = nearest(pattern, known)
            wrong.append(
                Diagnostic(
                    "error", "FP260", f"--{flag} {pattern} matches no node",
                    f'Did you mean "{near}"?' if near else _listed(types),
                    hint="name a node's id, a step type, or a glob such as 'model_*'",
                )
            )  # fmt: skip
    if wrong:
        raise PlanError(*wrong)


def _listed(types: Mapping[str, Collection[str]]) -> str:
    if not types:
        return "There are no nodes: the state is empty."
    shown = list(types)[:10]
    more = f" and {len(types) - len(shown)} more" if len(types) > len(shown) else ""
    return f"The nodes are {', '.join(shown)}{more}."


def _nothing_left(selection: Selection) -> PlanError:
    given = [f"--target {item}" for item in selection.target]
    given += [f"--exclude {item}" for item in selection.exclude]
    return PlanError.of(
        "FP261",
        "the selection leaves no node",
        f"Everything that {' '.join(given)} selects is left out, too: --exclude leaves out what "
        "it names and what needs that.",
        hint="exclude less",
    )


def _replaced(
    patterns: Iterable[str],
    types: Mapping[str, Collection[str]],
    nodes: frozenset[str],
    template: Template | None,
    steps: Steps,
) -> frozenset[str]:
    """The nodes to be made anew; a pattern that means several passes over what can't be."""
    found: set[str] = set()
    for pattern in patterns:
        wanted = sorted(matches(pattern, types))
        reasons = {name: _unfit(name, nodes, template, steps) for name in wanted}
        fit = [name for name in wanted if reasons[name] is None]
        if not fit:
            raise PlanError(*(item for item in reasons.values() if item is not None))
        found.update(fit)
    return frozenset(found)


def _unfit(
    name: str, nodes: frozenset[str], template: Template | None, steps: Steps
) -> Diagnostic | None:
    """Why a node can't be replaced by this plan."""
    node = template.node(name) if template else None
    if node is None:
        return Diagnostic(
            "error", "FP264", f"{name} can't be replaced: the template no longer has it",
            "What is not in the template is deleted, not made anew.", node=name,
            hint="leave --replace out, or put the node back into the template",
        )  # fmt: skip
    if steps.step(node.type).schema.creates == "nothing":
        return Diagnostic(
            "error", "FP263", f"{name} can't be replaced: there is nothing to replace",
            f"A {node.type} step makes nothing on the cluster.", node=name,
            hint="replace what uses it",
        )  # fmt: skip
    if name not in nodes:
        return Diagnostic(
            "error", "FP262", f"{name} can't be replaced: the selection leaves it out",
            "--replace needs the node among those that --target and --exclude select.",
            node=name, hint=f"add --target {quote(name)}, or leave it out of --exclude",
        )  # fmt: skip
    return None
