"""Which nodes there are, once the params are known: what `for_each` and `when` come to.

It must not know what the nodes have to do with each other (`expand.py`), or step types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass, field
from flowplan.planner.absent import missing_params
from flowplan.planner.expressions import ExpressionError, NameScope, evaluate, references
from flowplan.planner.expressions.rewrite import as_expression, literal, members_of
from flowplan.planner.template import Node
from flowplan.planner.template.each import Each, instance
from flowplan.planner.template.foreach import flaw_of_key, key_of
from flowplan.planner.template.formats import kind_of
from flowplan.planner.template.model import ALWAYS
from flowplan.planner.template.report import Report
from flowplan.planner.values import (
    Json,
    Path,
    Value,
    has_unknown,
    sensitive_paths,
)

__all__ = ["Instances", "Made", "settle"]


@dataclass(frozen=True, slots=True)
class Made:
    """One node that comes of a written one; `each` is None where there is no `for_each`."""

    id: str
    each: Each | None = None


@dataclass(slots=True)
class Instances:
    """What became of the written nodes.

    `made` has those that are there, by the written id; `keys` all keys of those with `for_each`,
    in their order; `absent` the ids of those that a `when` leaves out.
    """

    made: dict[str, tuple[Made, ...]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


def settle(
    nodes: Sequence[Node],
    params: Mapping[str, Value],
    report: Report,
    secrets: frozenset[str] = frozenset(),
) -> Instances:
    """The nodes that are there. Reports FP185 to FP187, FP189, FP194, FP195, FP199.

    What comes out of one of the params `secrets` is not written out, so that it stays marked.
    """
    found = Instances()
    taken = {node.id: node for node in nodes if not node.presence.several}
    settling = _Settling(NameScope(params), report, secrets)
    for node in nodes:
        if node.presence is ALWAYS:
            found.made[node.id] = (Made(node.id),)
            continue
        made = [Made(node.id)]
        if node.presence.several:
            each = list(settling.items(node))
            found.keys[node.id] = tuple(item.key for item in each)
            made = [Made(instance(node.id, item.key), item) for item in each]
        for item in made:
            _refuse_twin(node, taken.setdefault(item.id, node), item, report)
        there = [item for item in made if settling.is_there(node, item)]
        found.made[node.id] = tuple(there)
        found.absent |= {item.id for item in made} - {item.id for item in there}
    return found


def _refuse_twin(node: Node, first: Node, made: Made, report: Report) -> None:
    if first is not node:
        line = report.document.position((*first.path, "id")).line
        report.error(
            "FP109", f"the id {made.id} is used twice", (*node.path, "id"), node=made.id,
            detail=f"It stands in line {line} already.", hint="give one of the nodes another id",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Settling:
    scope: NameScope
    report: Report
    secrets: frozenset[str]

    def items(self, node: Node) -> Iterator[Each]:
        """The keys of a node, with what `each.value` is for each; those that are right."""
        path = (*node.path, "flowplan", "for_each")
        written = node.presence.items
        if isinstance(written, Mapping):
            for key, value in written.items():
                yield Each(key, value)
            return
        value = self._evaluated(node, written, path)
        if isinstance(value, Mapping):
            open_ = not self._from_secrets(written)
            for key, item in value.items():
                if self._is_key(node, key, key, path):
                    shown = literal(item) if open_ else _member(written, key)
                    yield Each(key, shown)
        elif isinstance(value, list):
            seen: set[str] = set()
            for index, item in enumerate(value):
                at = (*path, index)
                if self._is_key(node, item, index, at) and self._is_new(node, item, seen, at):
                    yield Each(key_of(item), literal(item))
        elif value is not None:
            self._not_several(node, value, path)

    def _evaluated(self, node: Node, written: Json, path: Path) -> Value:
        """The value, None (and reported) when it can't be told or must not be."""
        try:
            value = evaluate(written, self.scope)
        except ExpressionError as error:
            self._misfit(node, error, path)
            return None
        if not self._is_open(node, written, value, path):
            return None
        if value is None:
            self._not_several(node, value, path)
        return value

    def _is_open(self, node: Node, written: Json, value: Value, path: Path) -> bool:
        if sensitive_paths(value):
            self.report.error(
                "FP189", f"`{path[-1]}` hangs on a sensitive value", path, node=node.id,
                detail="Which nodes there are is shown in every plan and kept in the state. A "
                "secret can be looked up by key, as in ${{ api_keys[each.key] }}.",
                hint="use a param that is not sensitive",
            )  # fmt: skip
            return False
        if has_unknown(value):
            name = next(missing_params(written, self.scope.params))
            self.report.error(
                "FP199", f"`{path[-1]}` needs the param `{name}`, which has no value",
                path, node=node.id, detail="Without it nobody knows which nodes there are.",
                hint=f"give it with -p {name}=VALUE",
            )  # fmt: skip
            return False
        return True

    def _from_secrets(self, written: Json) -> bool:
        return any(
            ".".join(used.name[:length]) in self.secrets
            for used in references(written)
            for length in range(1, len(used.name) + 1)
        )

    def _is_key(self, node: Node, item: Json, label: str | int, path: Path) -> bool:
        problem = flaw_of_key(item)
        if problem:
            where = f'"{label}"' if isinstance(label, str) else f"number {label + 1}"
            self.report.error(
                "FP186", f"the key {where} {problem}", path, node=node.id,
                detail='A key is a part of the node\'s id, as in group["eu"].',
                hint="use a short text, or a number",
            )  # fmt: skip
        return not problem

    def _is_new(self, node: Node, item: Json, seen: set[str], path: Path) -> bool:
        key = key_of(item)
        if key in seen:
            self.report.error(
                "FP187", f'`for_each` has the key "{key}" twice', path, node=node.id,
                detail="Each key makes one node, which is called by it.", hint="remove one of them",
            )  # fmt: skip
            return False
        seen.add(key)
        return True

    def _not_several(self, node: Node, value: Value, path: Path) -> None:
        self.report.error(
            "FP185", f"`for_each` is {kind_of(value)}, and must be a list or a map", path,
            node=node.id,
            detail="A param that is not declared otherwise is a text.",
            hint="declare the param with `type: array` or `type: object`",
        )  # fmt: skip

    def is_there(self, node: Node, made: Made) -> bool:
        """Whether `when` holds; True where that can't be told, which is reported."""
        written = node.presence.when
        path = (*node.path, "flowplan", "when")
        if isinstance(written, bool):
            return written
        try:
            value = evaluate(made.each.fill(written) if made.each else written, self.scope)
        except ExpressionError as error:
            self._misfit(node, error, path)
            return True
        if not self._is_open(node, written, value, path):
            return True
        if not isinstance(value, bool):
            self.report.error(
                "FP194", f"`when` is {kind_of(value)}, and must be true or false", path,
                node=made.id,
                detail="A param that is not declared otherwise is a text.",
                hint='compare it, as in ${{ on == "yes" }}, or declare it with `type: boolean`',
            )  # fmt: skip
            return True
        return value

    def _misfit(self, node: Node, error: ExpressionError, path: Path) -> None:
        self.report.error(
            error.code, error.message, (*path, *error.path), node=node.id, hint=error.hint
        )


def _member(written: Json, key: str) -> str:
    return f"${{{{ {as_expression(written)}{members_of([key])} }}}}"
