"""Finding out what became of creates whose answers were lost.

Absence is believed only when two looks at the running requests and two searches, half a second
apart, are empty and two seconds have passed since the wish was written down: one look alone
made 20 duplicates in 150 trials (FACTS). Reads only. Must not know plans.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.planner.reconcile.match import assign, fits
from flowplan.planner.reconcile.owned import merged_owned
from flowplan.planner.reconcile.tasks import Look, look
from flowplan.planner.workspace import Lost, Workspace
from flowplan.protocol import Candidate, Cluster
from flowplan.state.model import IntentRecord, ResourceRecord

__all__ = ["quiet", "settle"]

APART = 0.5
"""Seconds between the two looks."""
SETTLED = 2.0
"""Seconds after the intent before absence is believed."""
BLIND = 60.0
"""The same where looking at running requests is not allowed: the longest request timeout."""


def settle(
    workspace: Workspace,
    intents: Sequence[IntentRecord],
    known_ids: frozenset[str],
    salt: str,
    chosen: Mapping[str, str] | None = None,
) -> dict[str, ResourceRecord | None]:
    """For each intent the record of what it made, with status `pending`, or None for nothing.

    `chosen` has ids by node: where several could be the one, somebody said which it is.

    Raises `StateError` FP421 where it can't be decided, and what the cluster raises.
    """
    if workspace.connection is None:
        raise ValueError("nothing is connected")
    cluster = workspace.connection.operation(None, timeout=BLIND * 3)
    empty = 0
    while True:
        seen = look(cluster, (intent.id for intent in intents))
        found = _search(workspace, cluster, intents, known_ids, seen, salt, chosen)
        if len(found) == len(intents):
            break
        empty = 0 if seen.running else empty + 1
        if empty > 1 and time.time() >= max(item.at for item in intents) + _patience(seen):
            break
        time.sleep(APART)
    return {item.id: _record(item, found.get(item.id)) for item in intents}


def quiet(cluster: Cluster, intents: Sequence[IntentRecord]) -> None:
    """Wait until none of these requests can take effect any more."""
    empty = 0
    while intents:
        seen = look(cluster, (intent.id for intent in intents))
        empty = 0 if seen.running else empty + 1
        if empty > 1 and time.time() >= max(item.at for item in intents) + _patience(seen):
            return
        time.sleep(APART)


def _patience(seen: Look) -> float:
    return BLIND if seen.running is None else SETTLED


def _search(
    workspace: Workspace,
    cluster: Cluster,
    intents: Sequence[IntentRecord],
    known_ids: frozenset[str],
    seen: Look,
    salt: str,
    chosen: Mapping[str, str] | None,
) -> Mapping[str, Candidate]:

    def find(wanted: Sequence[IntentRecord]) -> dict[str, list[Candidate]]:
        return {
            intent.id: [
                item
                for item in workspace.steps.step(intent.type).find(cluster, intent)
                if fits(intent, item, known_ids=known_ids, offset=seen.offset, salt=salt)
            ]
            for intent in wanted
        }

    fitting, rivals = find(intents), {}
    if any(fitting.values()):
        # Only now: whoever made what is found has written down by now that it would.
        taken, lost = workspace.neighbours.look()
        # And once more: whoever deleted it meanwhile no longer has it written down.
        still = find([intent for intent in intents if fitting[intent.id]])
        for name, found in still.items():
            before = {item.resource_id for item in fitting[name]} - taken
            fitting[name] = [item for item in found if item.resource_id in before]
        rivals = _rivals(intents, fitting, lost, seen)
    return assign(intents, fitting, chosen, rivals)


def _rivals(
    intents: Sequence[IntentRecord],
    fitting: Mapping[str, Sequence[Candidate]],
    lost: Sequence[Lost],
    seen: Look,
) -> dict[str, list[IntentRecord]]:
    """By candidate, whose lost request could have made it as well."""
    types = {intent.type for intent in intents}
    candidates = {item.resource_id: item for found in fitting.values() for item in found}
    rivals: dict[str, list[IntentRecord]] = defaultdict(list)
    for other in lost:
        if other.intent.type in types:
            for ident, item in candidates.items():
                if fits(
                    other.intent, item, known_ids=frozenset(), offset=seen.offset, salt=other.salt
                ):
                    rivals[ident].append(other.intent)
    return rivals


def _record(intent: IntentRecord, candidate: Candidate | None) -> ResourceRecord | None:
    if candidate is None:
        return None
    return replace(
        intent.record,
        resource_id=candidate.resource_id,
        owned=merged_owned(intent.record.owned, candidate.owned),
        status="pending",
    )
