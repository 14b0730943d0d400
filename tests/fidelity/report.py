"""The table of a replay as Markdown: by family, and every difference with its reason.

It must not know where recordings come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.fidelity.outcomes import Outcome, share, share_in_shape
from tests.fidelity.recordings import FAMILIES
from tests.fidelity.unrecorded import UNRECORDED

_HEAD = """\
# Does the sandbox answer like OpenSearch?

<!-- Made by `make fidelity`. Do not edit. -->

Calls that were recorded on a real node, OpenSearch 3.6.0 with ML Commons 3.6.0.0, are sent to the
sandbox, and its answers compared: the status, the keys at every depth, and every value, texts of
errors included. Ids are compared by their place, and so are times, sequence numbers and the build.
What a search without a sort finds may come in any order. An answer's shape is its keys at every
depth and the kinds of their values.

Flow Framework's own calls are not compared: the sandbox has no such API. What they made on the
recorded node is made on the sandbox with ML Commons' calls, since later calls look at it. This is
not counted. How much time passed between calls is not recorded either: it is short unless a call's
name says that somebody waited, and a deployment takes 150 ms.
"""
_RECORDINGS = """\
## Recordings of OpenSearch 3.6.0

What was tried on one node, in its order, on one sandbox. `NN:number` is a recording and its call.
"""
_CONVERSATIONS = """\
## Conversations

Questions that were put to a node on purpose, `tests/providers/sandbox/cases/conversations.json`;
`tests/live` puts them again to a live node.
"""


_UNRECORDED = """\
### Put back

Calls that the node got between recorded ones, as later answers show. They are sent and not counted.
"""


def page(
    recordings: Sequence[Outcome], conversations: Sequence[Outcome], bare: Sequence[Outcome]
) -> str:
    """The whole page; `bare`: the recordings with no call put back."""
    return "\n".join(
        (
            _HEAD,
            _RECORDINGS,
            *table(recordings),
            *listed(recordings),
            *put_back(recordings, bare),
            _CONVERSATIONS,
            *table(conversations),
            *listed(conversations),
        )
    )


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A row a family, and the sum."""
    total = Counter(outcome.family for outcome in outcomes)
    different = Counter(outcome.family for outcome in outcomes if outcome.found)
    yield "| calls about | compared | equal | different |"
    yield "| --- | ---: | ---: | ---: |"
    for name in FAMILIES:
        if total[name]:
            equal = total[name] - different[name]
            yield f"| {name} | {total[name]} | {equal} | {different[name]} |"
    wrong = different.total()
    yield f"| all | {total.total()} | {total.total() - wrong} | {wrong} |"
    yield ""
    yield f"{percent(share(outcomes))} % are answered alike."
    yield ""


def percent(part: float) -> str:
    """Rounded down, so that only 1 is 100."""
    return f"{int(part * 1000) / 10:.1f}"


def listed(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Every difference: the call, why, and in which places."""
    found = [outcome for outcome in outcomes if outcome.found]
    if not found:
        return
    yield "| call | why it differs | where |"
    yield "| --- | --- | --- |"
    for outcome in found:
        places = "; ".join(f"`{cell(text)}`" for text in outcome.found)
        why = cell(outcome.reason or "not known")
        yield f"| {outcome.key} `{cell(outcome.asked)}` | {why} | {places} |"
    yield ""


def put_back(recordings: Sequence[Outcome], bare: Sequence[Outcome]) -> Iterator[str]:
    """The calls that were not recorded, and what rests on them."""
    yield _UNRECORDED
    yield "What rests on them, in per cent of the calls that are answered alike:"
    yield ""
    yield "| compared | with them | without any but the first |"
    yield "| --- | ---: | ---: |"
    for name, part in (("status, keys and values", share), ("status and shape", share_in_shape)):
        yield f"| {name} | {percent(part(recordings))} | {percent(part(bare))} |"
    yield ""
    yield "| before | calls | how one knows |"
    yield "| --- | ---: | --- |"
    for item in UNRECORDED.values():
        yield f"| {item.before} | {len(item.calls)} | {item.why} |"
    yield ""


def cell(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|").replace("`", "'")
