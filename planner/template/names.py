"""Checks the names that expressions use: outputs of nodes, and params.

An expression is read here and never evaluated. It must not know what a value will be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field, replace
from flowplan.planner.expressions import (
    ExpressionError,
    Reference,
    contains,
    references,
    target,
)
from flowplan.planner.template.each import EACH
from flowplan.planner.template.model import ParamSpec
from flowplan.planner.template.order import Dependencies
from flowplan.planner.template.report import Report, listed
from flowplan.planner.template.wiring import Wiring
from flowplan.planner.values import Json, Path, leaves

__all__ = ["Names"]

OPENING = "${{"
SLIP = 0.8


@dataclass(slots=True)
class Names:
    """What may be named in one workflow.

    `closed` forbids params that are not in `declared`; otherwise they gather in `implicit`.
    `dependencies` gets the order that references ask for.
    """

    wiring: Wiring
    declared: Mapping[str, ParamSpec]
    closed: bool
    dependencies: Dependencies
    report: Report
    implicit: dict[str, ParamSpec] = field(default_factory=dict)

    def check(self, value: Json, path: Path, node: str = "", *, shared: bool = False) -> None:
        """Check every expression in `value`, which stands at `path`, in `node` if in one.

        What is `shared` goes to every node, so it can't name an output of one.
        """
        seen: set[Path] = set()
        for place, leaf in leaves(value, path):
            self._check_keys(place, len(path), seen, node)
            if not isinstance(leaf, str) or not contains(leaf):
                continue
            try:
                for reference in references(leaf, place):
                    self._judge(reference, leaf, node, shared=shared)
            except ExpressionError as error:
                self.report.error(
                    error.code,
                    error.message,
                    place,
                    fragments=(leaf[error.offset :].splitlines() or [""])[:1],
                    node=node,
                    hint=error.hint,
                )

    def _check_keys(self, place: Path, start: int, seen: set[Path], node: str) -> None:
        for end, key in enumerate(place[start:], start + 1):
            if isinstance(key, str) and contains(key) and place[:end] not in seen:
                seen.add(place[:end])
                self.report.error(
                    "FP152",
                    "a key can't be an expression",
                    place[:end],
                    key=True,
                    node=node,
                    detail="It would be sent as it is: params fill in values, and never change "
                    "what a template is made of.",
                    hint="write the key out",
                )

    def _judge(self, used: Reference, text: str, owner: str, *, shared: bool) -> None:
        hit = target(used.name, self.wiring.nodes)
        if hit is not None and hit[0] != owner:
            outputs = self.wiring.outputs(hit[0])
            if outputs is None or hit[1][0] in outputs:
                if shared:
                    self._shared(used, hit[0])
                if owner in self.dependencies:
                    self.dependencies[owner].setdefault(hit[0], used.at)
                return
        name = ".".join(used.name)
        if name in self.declared or (hit is None and self._is_member(used.name)):
            return
        if hit is None and used.name[0] == EACH:
            self._misplaced(used, owner)
            return
        node = self.wiring.nodes.get(name)
        several = node is not None and node.presence.several
        if self.closed or several or self._is_slip(used.name, hit, owner):
            self._unknown(used, text, hit, owner)
            return
        # Flow Framework's own templates name params `node.input`; whether one was given is
        # known only when the params are.
        known = self.implicit.get(name)
        secret = self._is_secret(used.at, owner)
        if known is None:
            self.implicit[name] = ParamSpec(
                name, sensitive=secret, path=used.at, optional=used.optional
            )
        else:
            self.implicit[name] = replace(
                known,
                sensitive=known.sensitive or secret,
                optional=known.optional and used.optional,
            )

    def _shared(self, used: Reference, name: str) -> None:
        self.report.error(
            "FP150",
            f'a user param can\'t use an output of the node "{name}"',
            used.at,
            fragments=(OPENING, ".".join(used.name)),
            detail="User params go to every node, also to those that come before it.",
            hint="use the expression in the user_inputs of the nodes that need it",
        )

    def _misplaced(self, used: Reference, owner: str) -> None:
        """`each` where it means nothing: what it does mean has been replaced before."""
        node = self.wiring.nodes.get(owner)
        inside = node is not None and node.presence.several
        self.report.error(
            "FP190",
            f"`{'.'.join(used.name)}` means nothing here",
            used.at,
            fragments=(OPENING, EACH),
            node=owner,
            detail="There are each.key, and each.value with its members; both are known in "
            "user_inputs and `when` of a node with `for_each`.",
            hint="write each.key or each.value" if inside else "add `for_each` to this node",
        )

    def _is_secret(self, at: Path, owner: str) -> bool:
        """Whether the string at `at` goes into an input that the schema calls sensitive."""
        node = self.wiring.nodes.get(owner)
        schema = self.wiring.schemas.get(node.type) if node is not None else None
        if node is None or schema is None:
            return False
        spec = schema.inputs.get(str(at[len(node.path) + 1]))
        return spec is not None and spec.sensitive

    def _is_member(self, name: Sequence[str]) -> bool:
        return any(".".join(name[:length]) in self.declared for length in range(1, len(name)))

    def _is_slip(
        self, name: Sequence[str], hit: tuple[str, tuple[str, ...]] | None, owner: str
    ) -> bool:
        """Whether this is so like an output of a node that no param can be meant."""
        if hit is not None:
            outputs = self.wiring.outputs(hit[0]) or ()
            near = self.report.nearest(hit[1][0], outputs)
            # Params of use-case templates are named alike: `create_index.name` is none.
            return hit[0] != owner and near is not None and _like(near, hit[1][0]) >= SLIP
        if len(name) != 2:  # noqa: PLR2004 - node and output
            return False
        meant = self.report.nearest(name[0], tuple(self.wiring.nodes))
        return meant is not None and name[1] in (self.wiring.outputs(meant) or ())

    def _unknown(
        self,
        used: Reference,
        text: str,
        hit: tuple[str, tuple[str, ...]] | None,
        owner: str,
    ) -> None:
        code, summary, detail, hint = self._complaint(used.name, hit, owner)
        openings = text.count(OPENING, 0, used.offset) + 1
        self.report.error(
            code,
            summary,
            used.at,
            fragments=(*[OPENING] * openings, ".".join(used.name)),
            node=owner,
            detail=detail,
            hint=hint,
        )

    def _complaint(
        self, path: Sequence[str], hit: tuple[str, tuple[str, ...]] | None, owner: str
    ) -> tuple[str, str, str, str]:
        """Code, summary, detail and hint for a name that means nothing here."""
        name = ".".join(path)
        suggest = self.report.did_you_mean
        if hit is not None and hit[0] == owner:
            hint = "name another node, or declare a param of that name"
            return "FP111", f'the node "{owner}" can\'t use its own output', "", hint
        if hit is not None:
            outputs = self.wiring.outputs(hit[0]) or ()
            detail = f"It gives {listed(outputs)}." if outputs else "It gives none."
            hint = suggest(hit[1][0], outputs, "use one of its outputs")
            return "FP116", f'the node "{hit[0]}" has no output "{hit[1][0]}"', detail, hint
        if len(path) > 1:
            hint = suggest(path[0], tuple(self.wiring.nodes))
            hint = hint or suggest(name, tuple(self.declared), "add the node, or declare a param")
            return "FP104", f'no node "{path[0]}"', f"No param is called `{name}` either.", hint
        if name in self.wiring.nodes:
            outputs = self.wiring.outputs(name) or ()
            if self.wiring.nodes[name].presence.several:
                detail = "Which one is meant has to be known before anything is computed."
                hint = f'write its key, as in {name}["eu"] or {name}[each.key]'
                return "FP191", f'"{name}" is several nodes, and one is needed here', detail, hint
            detail = f"It gives {listed(outputs)}." if outputs else ""
            return "FP117", f'"{name}" is a node, not a param', detail, "name one of its outputs"
        hint = suggest(name, tuple(self.declared), "declare it under `flowplan.params`")
        return "FP117", f'no param "{name}"', "", hint


def _like(left: str, right: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, left, right).ratio()
