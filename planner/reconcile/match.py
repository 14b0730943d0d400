"""Which found resource belongs to which wish: equal content, made since, owned by nobody.

Pure; must not know requests. What can't be decided is an error that lists it, never a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from flowplan.errors import Diagnostic, StateError
from flowplan.planner.imports import import_command
from flowplan.planner.values import canonical, seal_at, sensitive_paths
from flowplan.protocol import Candidate
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["assign", "fits", "known_ids"]

MOST = 10
"""How many choices a message lists."""
MARGIN = 1.0
"""Seconds by which the two clocks may disagree after the offset was taken off."""


def known_ids(records: Iterable[ResourceRecord]) -> frozenset[str]:
    """Every resource id that our records have, those of replaced resources too."""
    return frozenset(
        ident
        for record in records
        for ident in (record.resource_id, *(old.resource_id for old in record.deposed))
        if ident
    )


def fits(
    intent: IntentRecord,
    candidate: Candidate,
    *,
    known_ids: frozenset[str],
    offset: float,
    salt: str,
) -> bool:
    """Whether `candidate` may be what `intent` made."""
    if candidate.resource_id in known_ids:
        return False
    if candidate.created is not None and candidate.created < intent.at + offset - MARGIN:
        return False
    fields = seal_at(dict(candidate.fields), sensitive_paths(intent.expected), salt)
    return all(
        name in fields and canonical(fields[name]) == canonical(value)
        for name, value in intent.expected.items()
    )


def assign(
    intents: Sequence[IntentRecord],
    fitting: Mapping[str, Sequence[Candidate]],
    chosen: Mapping[str, str] | None = None,
    rivals: Mapping[str, Sequence[IntentRecord]] | None = None,
) -> dict[str, Candidate]:
    """Give each intent its candidate: k equal intents take k candidates.

    `fitting` has the candidates by intent id; `chosen` says by node which one it is, where
    somebody decided that. `rivals` has by candidate the intents of other workflows that could have
    made it: they count as ours do, so all of them come to the same answer. Raises `StateError`
    FP421 when there are more candidates than intents that could have made them.
    """
    groups: dict[bytes, list[IntentRecord]] = defaultdict(list)
    for intent in intents:
        groups[canonical([intent.type, intent.expected])].append(intent)
    found: dict[str, Candidate] = {}
    for equal in groups.values():
        candidates = {item.resource_id: item for item in fitting.get(equal[0].id, ())}
        group = _decided(equal, candidates, chosen or {}, found)
        if group and candidates:
            found.update(_shared_out(group, candidates, rivals or {}))
    return found


def _shared_out(
    group: Sequence[IntentRecord],
    candidates: Mapping[str, Candidate],
    rivals: Mapping[str, Sequence[IntentRecord]],
) -> dict[str, Candidate]:
    """The oldest candidate to the oldest intent that could have made it, and so on."""
    ours = {intent.id for intent in group}
    free = {intent.id: intent for intent in group}
    free |= {intent.id: intent for ident in candidates for intent in rivals.get(ident, ())}
    found = {}
    for candidate in sorted(candidates.values(), key=lambda c: (c.created or 0, c.resource_id)):
        able = ours | {intent.id for intent in rivals.get(candidate.resource_id, ())}
        taker = min(
            (intent for intent in free.values() if intent.id in able),
            key=lambda intent: (intent.at, intent.id), default=None,
        )  # fmt: skip
        if taker is None:
            raise _ambiguous(group, list(candidates.values()))
        found[taker.id] = candidate
        del free[taker.id]
    return {ident: candidate for ident, candidate in found.items() if ident in ours}


def _decided(
    group: Sequence[IntentRecord],
    candidates: dict[str, Candidate],
    chosen: Mapping[str, str],
    found: dict[str, Candidate],
) -> list[IntentRecord]:
    """Give what somebody chose to its intent; the intents that are left."""
    left = []
    for intent in group:
        candidate = candidates.pop(chosen.get(intent.node, ""), None)
        if candidate is None:
            left.append(intent)
        else:
            found[intent.id] = candidate
    return left


def _ambiguous(group: Sequence[IntentRecord], candidates: Sequence[Candidate]) -> StateError:
    node = group[0].node
    ids = sorted(item.resource_id for item in candidates)
    return StateError(
        Diagnostic(
            "error", "FP421",
            f"{len(candidates)} resources could be the one that a cut-off request made",
            f"The request for {node} ({group[0].type}) was sent and its answer was lost. "
            f"Equal resources were made since then: {', '.join(ids)}. Another client made the "
            "rest.",
            node=node, hint=_choice([item.node for item in group], ids),
        )
    )  # fmt: skip


def _choice(nodes: Sequence[str], ids: Sequence[str]) -> str:
    """How to say which one it is; several lost requests are decided together."""
    if len(nodes) == 1:
        commands = "\n".join(f"  {import_command(nodes[0], item)}" for item in ids[:MOST])
        return f"Say which one it is:\n{commands}\nOr delete the ones that nobody needs."
    entries = ", ".join(f"{{node: {node}, id: ID}}" for node in nodes[:MOST])
    return (
        f"Say which ones they are in the template: flowplan: {{imports: [{entries}]}}\n"
        "Or delete the ones that nobody needs on the cluster, then run the command again."
    )
