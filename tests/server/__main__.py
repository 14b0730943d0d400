"""Replays what was recorded of Flow Framework against the server; writes the table of differences.

    python -m tests.server

Ends with 1 where less than 90 % are equal, or a difference has no reason.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.server.reasons import REASONS
from tests.server.replay import replay
from tests.server.report import filled, page, share

PAGE = Path(__file__).resolve().parents[2] / "docs/flow-framework-differences.md"
FLOOR = 0.90


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        outcomes = list(replay(Path(place)))
    print("\n".join(page(outcomes)))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), outcomes), "utf-8")
    print(f"written: {PAGE.name}")
    reasoned = all(item.key in REASONS for item in outcomes if item.found)
    return int(not reasoned or share(outcomes) < FLOOR)


if __name__ == "__main__":
    sys.exit(main())
