"""Sends `flowplan serve` what schemathesis makes of its OpenAPI document.

    python -m tests.server.fuzz PATH/TO/schemathesis [EXAMPLES]

Every answer has to be documented in status, kind and shape, and none may be a failure of the
server. Three checks are left out. Whether data that the document forbids is refused, and data that
it admits taken: bodies are as loose as Flow Framework's, whose parser decides. And whether `Allow`
names documented methods only: an id may be called `_search`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flowplan.server.tokens import make_token
from tests.server.process import Served

SEED, EXAMPLES = "8", "60"
LEFT_OUT = "negative_data_rejection,positive_data_acceptance,allow_header_conformance"


def main(arguments: Sequence[str]) -> int:
    program = str(Path(arguments[0]).absolute())
    examples = arguments[1] if len(arguments) > 1 else EXAMPLES
    token, line = make_token("fuzz", "write")
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "tokens").write_text(line)
        with Served(
            Path(place), "--tokens", "tokens", "-q", endpoint="sandbox:?deploy=10ms"
        ) as served:
            # Several workers at once are its own experiment, and broke.
            command = [
                program, "run", f"{served.url}/openapi.json", "--url", served.url,
                "--seed", SEED, "--max-examples", examples, "--workers", "1",
                "--generation-database", "none", "--exclude-checks", LEFT_OUT,
                "--header", f"Authorization: Bearer {token}",
            ]  # fmt: skip
            code = subprocess.run(command, cwd=place, check=False).returncode
            ended = served.end()
        print((Path(place) / "serve.err").read_text(), end="")
    return code or ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
