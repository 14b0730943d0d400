"""Every recorded call and what the sandbox answered: equal, or different and where.

It must not know how a report looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fidelity.comparing import differences
from tests.fidelity.reasons import REASONS
from tests.fidelity.recordings import calls, family
from tests.fidelity.replay import Replay
from tests.fidelity.unrecorded import UNRECORDED, Unrecorded
from tests.live import talk

# Beside the checkout, where they lie when there are any.
RECORDINGS = Path(__file__).resolve().parents[3] / "shared/opensearch/transcripts"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One compared call; `found` has a line for each place that differs, `shape` for fewer."""

    key: str
    name: str
    asked: str
    family: str
    found: tuple[str, ...]
    shape: tuple[str, ...] = ()

    @property
    def reason(self) -> str | None:
        return REASONS.get(self.key)


def of_recordings(
    folder: Path, sandbox: Path, unrecorded: Mapping[str, Unrecorded] = UNRECORDED
) -> Iterator[Outcome]:
    """The calls of the recordings, Flow Framework's own left out, on one sandbox."""
    replay = Replay(sandbox, unrecorded)
    for call in calls(folder):
        found = replay.compare(call)
        if found is not None:
            asked = f"{call.method} {call.path}"
            yield Outcome(call.key, call.name, asked, call.family, found.found, found.shape)
    replay.app.close()


def of_conversations(folder: Path) -> Iterator[Outcome]:
    """The steps of the conversations, each conversation on a sandbox of its own in `folder`."""
    for count, (name, item) in enumerate(talk.conversations().items()):
        answers = talk.Sandbox(folder / f"{count}.db").hold(item["steps"])
        pairs = zip(item["steps"], item["answers"], answers, strict=True)
        for number, (step, theirs, ours) in enumerate(pairs):
            found = dict.fromkeys((*talk.differences(theirs, ours), *differences(theirs, ours)))
            asked = f"{step['method']} {step['path']}"
            key = f"{name}:{number}"
            yield Outcome(key, name, asked, family(step["path"]), tuple(found))


def bare(folder: Path, sandbox: Path) -> list[Outcome]:
    """The same without any call put back but the node's own settings."""
    return list(of_recordings(folder, sandbox, {"02:0": UNRECORDED["02:0"]}))


def share(outcomes: Sequence[Outcome]) -> float:
    """The part that is answered alike, from 0 to 1."""
    return sum(not outcome.found for outcome in outcomes) / len(outcomes)


def share_in_shape(outcomes: Sequence[Outcome]) -> float:
    """The part that is answered alike in status and body shape, from 0 to 1."""
    return sum(not outcome.shape for outcome in outcomes) / len(outcomes)
