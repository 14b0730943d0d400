"""Run one command and write down how long it took and how much memory it had at most.

    python -S -E launch.py REPORT OUTPUT COMMAND…

Called as a script by `bench.measure`, never imported: the peak that the kernel reports of a
process counts what its parent had when it was started, so the parent has to be as small as this.
The report is JSON: `seconds`, `peak_kib`, `code`.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    """Start it, wait for it, write the report."""
    report, output, *command = sys.argv[1:]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    peak = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
    text = f'{{"seconds": {seconds!r}, "peak_kib": {peak}, "code": {code}}}'
    with open(report, "w", encoding="utf-8") as out:  # noqa: PTH123 - pathlib is not loaded here
        out.write(text)


main()
