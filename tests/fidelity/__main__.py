"""Replays what was recorded on a real node against the sandbox, and writes docs/fidelity.md.

    python -m tests.fidelity [FOLDER]

FOLDER has the recordings. Without any, only the committed conversations are compared and nothing is
written. Ends with 1 where less than 95 % are answered alike, or a difference has no reason.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fidelity.outcomes import (
    RECORDINGS,
    Outcome,
    bare,
    of_conversations,
    of_recordings,
    share,
)
from tests.fidelity.report import listed, page, table

PAGE = Path(__file__).resolve().parents[2] / "docs/fidelity.md"
FLOOR = 0.95


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else RECORDINGS
    if arguments and not any(folder.glob("[0-9][0-9]-*.json")):
        print(f"{folder} has no recordings; name a folder with files like 01-name.json")
        return 64
    with tempfile.TemporaryDirectory() as place:
        conversations = list(of_conversations(Path(place)))
        recordings, rest = [], []
        if folder.is_dir():
            recordings = list(of_recordings(folder, Path(place) / "recordings.db"))
            rest = bare(folder, Path(place) / "bare.db")
    for title, outcomes in (("recordings", recordings), ("conversations", conversations)):
        if outcomes:
            print(f"{title}\n")
            print("\n".join((*table(outcomes), *listed(outcomes))))
    if recordings:
        PAGE.write_text(page(recordings, conversations, rest), "utf-8")
        print(f"written: {PAGE.name}")
    else:
        print("no recordings here: docs/fidelity.md stays as it is")
    return int(not all(good(outcomes) for outcomes in (recordings, conversations) if outcomes))


def good(outcomes: Sequence[Outcome]) -> bool:
    reasoned = all(outcome.reason for outcome in outcomes if outcome.found)
    return reasoned and share(outcomes) >= FLOOR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
