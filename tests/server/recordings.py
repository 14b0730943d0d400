"""The recorded calls of Flow Framework that are replayed, as they lie in `recorded/`.

    python -m tests.server.recordings FOLDER      trims the recordings in FOLDER into them

Beside Flow Framework's own calls, those stay that change something on the cluster. It must not
know the server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fidelity.recordings import FLOW_FRAMEWORK, Call, calls, family

HERE = Path(__file__).resolve().parent / "recorded"
# Where they lie beside the checkout, if there are any.
SOURCE = Path(__file__).resolve().parents[3] / "shared/opensearch/transcripts"
FILES = ("02", "03", "04", "08", "09", "10", "11", "14")
_READS = ("_search", "_predict")


def recorded() -> Iterator[Call]:
    """The calls that are replayed, in their order; keys number them as the recordings do."""
    for path in sorted(HERE.glob("*.json")):
        for item in json.loads(path.read_text("utf-8"))["calls"]:
            yield Call(
                f"{path.name[:2]}:{item['number']}",
                item["name"],
                item["method"],
                item["path"],
                item.get("sent"),
                item.get("text", json.dumps(item["sent"]) if "sent" in item else ""),
                item["status"],
                item["body"],
            )


def trimmed(folder: Path) -> Mapping[str, str]:
    """The text of each file, by its name."""
    found: dict[str, list[str]] = {}
    for call in calls(folder):
        number = call.key.split(":")
        if number[0] in FILES and _is_kept(call):
            path = next(folder.glob(f"{number[0]}-*.json"))
            found.setdefault(path.name, []).append(_line(call, int(number[1])))
    return {name: '{"calls": [\n' + ",\n".join(lines) + "\n]}\n" for name, lines in found.items()}


def _is_kept(call: Call) -> bool:
    if family(call.path) == FLOW_FRAMEWORK:
        return True
    reads = call.method == "GET" or any(word in call.path for word in _READS)
    return not reads or ("_search/pipeline" in call.path and call.method != "GET")


def _line(call: Call, number: int) -> str:
    line: dict[str, Any] = {"number": number, "name": call.name, "method": call.method}
    line["path"] = call.path
    if call.sent is not None:
        line["sent"] = call.sent
    elif call.text:
        line["text"] = call.text
    return json.dumps({**line, "status": call.status, "body": call.body})


def main(arguments: Sequence[str]) -> int:
    HERE.mkdir(exist_ok=True)
    for name, text in trimmed(Path(arguments[0])).items():
        (HERE / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
