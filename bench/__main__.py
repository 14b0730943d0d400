"""`python -m bench`: measure, print the table, compare with what was kept.

    python -m bench                         the usual cases, five times each
    python -m bench --case 'start-up' --case 'life-*' --repeat 7
    python -m bench --quick                 a tenth of the nodes, once: whether it works
    python -m bench --keep                  keep the result, and show it in docs/performance.md
    python -m bench --list                  the cases

Ends with 1 when a case failed, a limit was missed or a figure fell by more than 15 %.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.bound import fsync_seconds
from bench.case import Case, Figure, Setting
from bench.cases import CASES, select
from bench.compare import falls
from bench.installed import install
from bench.measure import Failed, LeftOut
from bench.page import PAGE, with_figures
from bench.report import document, table
from bench.terraform import found, version

LATEST = Path(__file__).with_name("results") / "latest.json"
USAGE = 64


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    options = _options(arguments)
    if options.list:
        print("\n".join(f"{case.name:24}{case.title}" for case in CASES))
        return 0
    cases = select(options.case)
    if not cases:
        print(f"no case fits {' '.join(options.case)}; --list names them", file=sys.stderr)
        return USAGE
    with tempfile.TemporaryDirectory(prefix="flowplan-bench-", dir=options.directory) as place:
        repeat = 1 if options.quick else options.repeat
        program = options.program or install(Path(place, "installed"))
        setting = Setting(Path(place), repeat, options.quick, program, found(), _say)
        measured, failed, left_out = _measured(cases, setting)
        now = document(measured, failed, _machine(setting), left_out)
    return _told(now, options)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="measure flowplan")
    parser.add_argument("--case", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each, 5")
    parser.add_argument("--quick", action="store_true", help="a tenth of the nodes, once")
    parser.add_argument(
        "--keep", action="store_true", help="keep the result, and show it in the docs"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the document, too")
    parser.add_argument("--program", type=Path, metavar="FILE", help="another flowplan")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--directory", metavar="DIR", help="where to work; a temporary place")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat is at least 1")
    if options.keep and (options.quick or options.case):
        parser.error("what is kept is a whole run: --keep goes without --quick and --case")
    return options


def _measured(
    cases: Sequence[Case], setting: Setting
) -> tuple[Mapping[str, Sequence[Figure]], Mapping[str, str], Mapping[str, str]]:
    measured: dict[str, Sequence[Figure]] = {}
    failed: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for case in cases:
        setting.say(f"{case.name}: {case.title}")
        place = setting.directory / case.name
        place.mkdir()
        try:
            measured[case.name] = list(case.measure(setting.within(place)))
        except Failed as error:
            failed[case.name] = str(error)
            setting.say(f"  failed: {error}")
        except LeftOut as reason:
            left_out[case.name] = str(reason)
    return measured, failed, left_out


def _machine(setting: Setting) -> dict[str, Any]:
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "peer": version(setting.terraform) if setting.terraform else None,
        "fsync_ms": round(fsync_seconds(setting.directory) * 1000, 3),
        "repeat": setting.repeat,
        "quick": setting.quick,
    }


def _told(now: Mapping[str, Any], options: argparse.Namespace) -> int:
    print(table(now["figures"]))
    for case, error in now["failed"].items():
        print(f"\n{case} failed: {error}")
    for case, reason in now["left_out"].items():
        print(f"\n{case} was left out: {reason}")
    text = json.dumps(now, indent=2, ensure_ascii=False) + "\n"
    if options.json:
        options.json.write_text(text, "utf-8")
    worse = []
    if LATEST.exists() and not options.quick:
        worse = list(falls(now, json.loads(LATEST.read_text("utf-8"))))
        if worse:
            print("\n".join(["\nFell since the result that was kept:", *map(str, worse)]))
    if options.keep:
        LATEST.parent.mkdir(exist_ok=True)
        LATEST.write_text(text, "utf-8")
        PAGE.write_text(with_figures(PAGE.read_text("utf-8"), now), "utf-8")
    missed = any(it["ok"] is False for it in now["figures"])
    return int(bool(now["failed"] or worse or missed))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
