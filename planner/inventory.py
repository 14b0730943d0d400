"""What is on a cluster, as inputs of nodes that could have it: every kind in bulk.

Reads only, through the step types. It must not know what a template looks like, or which of the
resources refer to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, PlanError, nearest
from flowplan.planner.imports import import_command
from flowplan.planner.values import Json
from flowplan.planner.wording import thing
from flowplan.planner.workspace import Steps
from flowplan.protocol import Cluster

__all__ = ["Inventory", "Item", "take_stock"]

# What others refer to comes first; types that are not named here come last.
_ORDER = (
    "register_model_group", "create_connector", "register_remote_model", "deploy_model",
    "register_agent", "create_ingest_pipeline", "create_search_pipeline", "create_index",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A resource, or an effect on one, and the inputs that a node of it would have.

    `name` is for people. `document` is what was read; several items may have one.
    """

    type: str
    kind: str
    resource_id: str
    name: str
    inputs: Mapping[str, Json]
    document: Json
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """The items in the order in which they may refer to each other, and what is left out.

    `known` is how many were left out since a state has them already.
    """

    items: tuple[Item, ...] = ()
    left_out: tuple[Diagnostic, ...] = ()
    known: int = 0


def take_stock(
    steps: Steps,
    cluster: Cluster,
    *,
    only: Sequence[str] = (),
    known: frozenset[tuple[str, str]] = frozenset(),
) -> Inventory:
    """Everything on the cluster that `only` lets through, one search a kind and thousand.

    `only` are kinds (`connector`) and patterns of names or ids; an item has to fit one of them.
    `known` are kinds and ids that a state has. Raises `PlanError` FP280 for an entry of `only`
    that fits nothing, FP281 when nothing can be written, and what the cluster raises.
    """
    types = _types(steps, cluster)
    kinds = sorted(kind for kind, names in types.items() if _makes(steps, names))
    sieve = _Sieve({word: _kind(word, kinds) for word in only})
    stock = _Stock(steps, known)
    for kind in kinds:
        if sieve.may_pass(kind):
            listed = steps.step(types[kind][0]).listing(cluster)
            for resource_id, document in listed.items():
                name = _name(document, resource_id)
                if sieve.passes(kind, name, resource_id):
                    stock.add(types[kind], Item("", kind, resource_id, name, {}, document))
    sieve.refuse_unused(kinds)
    if not stock.found:
        raise stock.nothing()
    stock.found.sort(key=lambda item: (_place(item.type), item.name, item.resource_id))
    return Inventory(tuple(stock.found), tuple(stock.left), stock.passed)


@dataclass(slots=True)
class _Sieve:
    """What `only` lets through: kinds by their word, None for a word that is a pattern."""

    kinds: Mapping[str, str | None]
    used: set[str] = field(default_factory=set)

    def may_pass(self, kind: str) -> bool:
        """Whether anything of this kind can pass."""
        return not self.kinds or None in self.kinds.values() or kind in self.kinds.values()

    def passes(self, kind: str, name: str, resource_id: str) -> bool:
        fits = {word for word, meant in self.kinds.items() if meant == kind}
        fits |= {
            word
            for word, meant in self.kinds.items()
            if meant is None and (fnmatchcase(name, word) or fnmatchcase(resource_id, word))
        }
        self.used |= fits
        return bool(fits) or not self.kinds

    def refuse_unused(self, kinds: Sequence[str]) -> None:
        """Raises `PlanError` FP280 for each word that let nothing through."""
        unused = [word for word in self.kinds if word not in self.used]
        if unused:
            raise PlanError(*(_unused(word, kinds) for word in unused))


@dataclass(slots=True)
class _Stock:
    """What was found so far. `there` counts resources, `passed` those that a state has."""

    steps: Steps
    known: frozenset[tuple[str, str]]
    found: list[Item] = field(default_factory=list)
    left: list[Diagnostic] = field(default_factory=list)
    there: int = 0
    passed: int = 0

    def add(self, types: Sequence[str], item: Item) -> None:
        self.there += 1
        if (item.kind, item.resource_id) in self.known:
            self.passed += 1
            return
        written = list(self._written(types, item))
        self.found += written
        if not written:
            self.left.append(_not_written(self.steps, types, item))

    def _written(self, types: Sequence[str], item: Item) -> Iterator[Item]:
        """The resource as the first type that can make it, then the effects on it."""
        owned = False
        for name in sorted(types, key=lambda each: _is_effect(self.steps, each)):
            effect = _is_effect(self.steps, name)
            if effect != owned:
                continue
            inputs = self.steps.step(name).written(item.resource_id, item.document)
            if inputs is not None:
                yield replace(item, type=name, inputs=inputs, effect=effect)
                owned = True

    def nothing(self) -> PlanError:
        why = "It has no connectors, models, groups, agents, pipelines or indices of its users."
        if self.there and self.passed == self.there:
            why = "All that there is belongs to nodes of this state already."
        elif self.there:
            why = "What there is can't be put into a template, as the warnings say."
        return PlanError(
            Diagnostic(
                "error", "FP281", "there is nothing on the cluster to write a template of", why,
                hint="check --endpoint, and what the account may see",
            ),
            *self.left,
        )  # fmt: skip


def _is_effect(steps: Steps, type_name: str) -> bool:
    return steps.step(type_name).schema.creates == "effect"


def _types(steps: Steps, cluster: Cluster) -> Mapping[str, Sequence[str]]:
    """The types by kind that the cluster has the plugins for."""
    plugins = steps.describe(cluster).plugins
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(steps.names(), key=lambda name: (_place(name), name)):
        step = steps.step(name)
        if step.kind and (plugins is None or plugins.issuperset(step.schema.plugins)):
            found[step.kind].append(name)
    return found


def _place(type_name: str) -> int:
    return _ORDER.index(type_name) if type_name in _ORDER else len(_ORDER)


def _makes(steps: Steps, names: Sequence[str]) -> bool:
    return any(steps.step(name).schema.creates == "resource" for name in names)


def _kind(word: str, kinds: Sequence[str]) -> str | None:
    """The kind that a word of `only` names, in the plural too; None when it is a pattern."""
    name = word.lower().replace("-", "_")
    ends = {"": "", "s": "", "ies": "y", "ices": "ex"}
    spelt = {name.removesuffix(end) + new for end, new in ends.items() if name.endswith(end)}
    return next((kind for kind in kinds if kind in spelt), None)


def _name(document: Json, resource_id: str) -> str:
    name = document.get("name") if isinstance(document, Mapping) else None
    return name if isinstance(name, str) and name else resource_id


def _not_written(steps: Steps, types: Sequence[str], item: Item) -> Diagnostic:
    what = thing(types[0], steps.step(types[0]).schema.resource_type)
    return Diagnostic(
        "warning", "FP282", f"the {what} {item.name} ({item.resource_id}) is left out",
        f"What the cluster shows of it is not all that a node needs to make such "
        f"{'an' if what[0] in 'aeiou' else 'a'} {what}.",
        hint=f"write its node by hand, then: {import_command('NODE', item.resource_id)}",
    )  # fmt: skip


def _unused(word: str, kinds: Sequence[str]) -> Diagnostic:
    near = nearest(word, kinds)
    return Diagnostic(
        "error", "FP280", f"--only {word} matches nothing on the cluster",
        f"It is a kind ({', '.join(kinds)}), or a pattern of a name or an id.",
        hint=f'did you mean "{near}"?' if near and near != word else "leave it out, or correct it",
    )  # fmt: skip
