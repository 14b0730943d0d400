"""Reads `flowplan.checks`: what has to hold once all is there, tried by asking the cluster.

A check asks one question (a prediction, a run of an agent, a search) and compares what comes back.
It must not know clusters, or when checks are run: that is `planner.verify`. (What has to hold
before anything is planned is `planner.checks`.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from flowplan.planner.expressions import contains
from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.formats import kind_of, kinds_of, seconds
from flowplan.planner.template.model import (
    CHECK_KINDS,
    EXPECTATIONS,
    Check,
    CheckKind,
    Expectation,
    Expected,
)
from flowplan.planner.template.names import Names
from flowplan.planner.template.paths import input_path
from flowplan.planner.template.report import Report, listed
from flowplan.planner.values import Json, Path

__all__ = ["GIVEN_BY", "check_checks", "read_checks"]

GIVEN_BY: Final[Mapping[str, str]] = {
    "predict": "model_id", "agent": "agent_id", "search": "index_name", "pipeline": "pipeline_id",
}  # fmt: skip
"""The output of a node that says what is asked."""

_KEYS = ("name", *CHECK_KINDS, "pipeline", "body", "expect", "timeout", "retries")
_TIMES: Mapping[str, float] = {"predict": 30.0, "agent": 60.0, "search": 10.0}
_MOST_RETRIES = 20
_MOST_SECONDS = 3600.0
# What a test is compared with; the others take anything.
_WANTED: Mapping[str, tuple[str, str]] = {
    "matches": ("string", "a string"),
    "exists": ("boolean", "true or false"),
    "at_least": ("number", "a number"),
    "at_most": ("number", "a number"),
}


def read_checks(declared: Fields) -> tuple[Check, ...]:
    """The entries under `checks` that can be read; the others are reported and left out."""
    found = []
    for index, value in enumerate(declared.items("checks")):
        entry = _entry(value, (*declared.path, "checks", index), declared.report)
        if entry is not None:
            found.append(entry)
    return tuple(found)


def _entry(value: Json, path: Path, report: Report) -> Check | None:
    fields = Fields.of(value, path, "a check", _KEYS, report)
    if fields is None:
        return None
    name = fields.text("name", required=True)
    kinds = [kind for kind in CHECK_KINDS if kind in fields.value]
    if len(kinds) != 1:
        _one_question(fields, kinds)
        return None
    kind = cast(CheckKind, kinds[0])
    subject = fields.text(kind, required=True)
    if kind != "search":
        _only_of_search(fields)
        if "body" not in fields.value:
            fields.missing("body")
    found = Check(
        name, kind, subject,
        pipeline=fields.text("pipeline") if kind == "search" else "",
        body=fields.mapping("body"),
        expects=_expectations(fields),
        timeout=_timeout(fields, _TIMES[kind]),
        retries=0 if kind == "search" else _retries(fields),
        path=path,
    )  # fmt: skip
    return found if name.strip() and subject.strip() else None


def _one_question(fields: Fields, kinds: Sequence[str]) -> None:
    fields.report.error(
        "FP148",
        f"a check asks one question, and this one has {listed(kinds) or 'none'}",
        (*fields.path, kinds[1]) if kinds else fields.path,
        key=bool(kinds),
        detail=f"It is one of {listed(CHECK_KINDS)}.",
        hint="make a check of each" if kinds else "add `predict: NODE`, for example",
    )


def _only_of_search(fields: Fields) -> None:
    if "pipeline" in fields.value:
        fields.report.error(
            "FP102",
            "only a search has a `pipeline`",
            (*fields.path, "pipeline"),
            key=True,
            hint="remove it",
        )


def _expectations(fields: Fields) -> tuple[Expectation, ...]:
    """One expectation or a list of them; none means that any answer will do."""
    value = fields.value.get("expect", [])
    path = (*fields.path, "expect")
    if isinstance(value, list):
        several = [(item, (*path, index)) for index, item in enumerate(value)]
    else:
        several = [(value, path)]
    found = (_expectation(item, place, fields.report) for item, place in several)
    return tuple(item for item in found if item is not None)


def _expectation(value: Json, path: Path, report: Report) -> Expectation | None:
    fields = Fields.of(value, path, "an expectation", ("path", *EXPECTATIONS), report)
    if fields is None:
        return None
    text = fields.text("path", required=True)
    place = input_path(text)
    tests = [test for test in EXPECTATIONS if test in fields.value]
    if text and place is None:
        report.error(
            "FP168",
            f'"{text}" is not a path into an answer',
            (*path, "path"),
            hint="write it as hits.total.value or inference_results[0].output[0].name; "
            'a key with a dot in it as parameters["a.b"]',
        )
    if len(tests) != 1:
        report.error(
            "FP168",
            f"an expectation compares one thing, and this one has {listed(tests) or 'nothing'}",
            (*path, tests[1]) if tests else path,
            key=bool(tests),
            detail=f"It is one of {listed(EXPECTATIONS)}.",
            hint="write them as a list of expectations" if tests else "add `exists: true`",
        )
        return None
    wanted = fields.value[tests[0]]
    fits = _fits(tests[0], wanted, (*path, tests[0]), report)
    return Expectation(place, cast(Expected, tests[0]), wanted, path) if place and fits else None


def _fits(test: str, wanted: Json, path: Path, report: Report) -> bool:
    """Whether a value can be compared with; an expression may become anything."""
    if test not in _WANTED:
        return True
    if test != "matches" and isinstance(wanted, str) and contains(wanted):
        return True
    kind, words = _WANTED[test]
    if kind not in kinds_of(wanted):
        wrong_type(report, f"`{test}`", words, wanted, path)
        return False
    if test == "matches":
        return _is_pattern(wanted, path, report)
    return True


def _is_pattern(text: str, path: Path, report: Report) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        report.error(
            "FP168",
            f"the pattern is not a regular expression: {error}",
            path,
            hint="write it in the syntax of Python's `re`; it may match anywhere in the text",
        )
        return False
    return True


def _timeout(fields: Fields, default: float) -> float:
    value = fields.value.get("timeout")
    if "timeout" not in fields.value:
        return default
    found = seconds(value) if isinstance(value, str) else None
    if found is not None and 0 < found <= _MOST_SECONDS:
        return found
    fields.report.error(
        "FP169",
        f"`timeout` must be a time of an hour at most, not {_shown(value)}",
        (*fields.path, "timeout"),
        hint='write it as "20s", "5m" or "500ms"',
    )
    return default


def _retries(fields: Fields) -> int:
    value = fields.value.get("retries", 0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_RETRIES:
        return value
    fields.report.error(
        "FP169",
        f"`retries` must be a whole number from 0 to {_MOST_RETRIES}, not {_shown(value)}",
        (*fields.path, "retries"),
        hint="write how many times the question may be asked again",
    )
    return 0


def _shown(value: Json) -> str:
    return str(value) if isinstance(value, (str, int, float)) else kind_of(value)


def check_checks(checks: Sequence[Check], names: Names, report: Report) -> None:
    """Report names that stand twice, nodes that are not there or give nothing to ask."""
    first: dict[str, Check] = {}
    for item in checks:
        known = first.setdefault(item.name, item)
        if known is not item:
            line = report.document.position((*known.path, "name")).line
            report.error(
                "FP149",
                f'two checks are called "{item.name}"',
                (*item.path, "name"),
                detail=f"The other one stands in line {line}.",
                hint="give each a name of its own",
            )
        _subject(item.subject, item.kind, (*item.path, item.kind), names, report)
        if item.pipeline:
            _subject(item.pipeline, "pipeline", (*item.path, "pipeline"), names, report)
        names.check(item.body, (*item.path, "body"))
        for expectation in item.expects:
            test = expectation.test
            names.check(expectation.value, (*expectation.path, test))


def _subject(text: str, kind: str, path: Path, names: Names, report: Report) -> None:
    """What is asked: a node, or an expression; a search also takes the name of an index."""
    if contains(text):
        names.check(text, path)
        return
    nodes = names.wiring.nodes
    # One of several nodes that a `for_each` makes is called by its key, too.
    name = text if text in nodes else text.partition('["')[0]
    wanted = GIVEN_BY[kind]
    if name not in nodes:
        if kind in ("search", "pipeline"):
            return
        able = [item for item in nodes if wanted in (names.wiring.outputs(item) or ())]
        report.error(
            "FP154",
            f'no node "{text}"',
            path,
            detail=f"These have something to ask: {listed(able)}." if able else "",
            hint=report.did_you_mean(text, able or tuple(nodes), "name one of the nodes"),
        )
        return
    outputs = names.wiring.outputs(name)
    if outputs is not None and wanted not in outputs:
        report.error(
            "FP154",
            f'the node "{name}" gives no {wanted}, which `{kind}` needs',
            path,
            detail=f"It gives {listed(outputs)}." if outputs else "It gives nothing.",
            hint=f"name a node that gives {wanted}",
        )
