"""Checks the values that params were given against their declarations.

Apart from the template's own checks, since the values come later. No message here ever
contains a value: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flowplan.errors import Diagnostic
from flowplan.planner.template.formats import kind_of, kinds_of
from flowplan.planner.template.model import ParamSpec, Template
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, Sensitive, Value, canonical, not_given

__all__ = ["check_params", "misfit"]


def check_params(template: Template, given: Mapping[str, Value]) -> tuple[Diagnostic, ...]:
    """What is wrong with `given`, params by name (`Sensitive` or plain), at the declarations.

    A param without a value and default is FP118, a wrong value FP119; a dotted name that
    nobody declared and nobody gave was meant as a node's output: FP104 or FP116.
    """
    report = Report(template.document)
    report.secrets = [
        (*spec.path, part)
        for spec in template.params.values()
        if spec.sensitive
        for part in ("default", "enum")
    ]
    for name, spec in template.params.items():
        if name in given:
            _check_value(spec, given[name], report)
        elif not spec.has_default:
            _unset(spec, report)
    for name, spec in template.implicit.items():
        if name in given:
            _check_value(spec, given[name], report)
        elif not spec.optional:
            _unknown(template, spec, report)
    return report.diagnostics()


def misfit(spec: ParamSpec, value: Json) -> str:
    """What keeps `value` from being one of this param's, as the end of a sentence; "" if nothing.

    Never contains the value.
    """
    if spec.type not in kinds_of(value):
        wanted = f"{'an' if spec.type[0] in 'aio' else 'a'} {spec.type}"
        return f"must be {wanted}, not {kind_of(value)}"
    if spec.pattern is not None and isinstance(value, str) and not _matches(spec.pattern, value):
        return f"does not match the pattern {spec.pattern}"
    if spec.enum and canonical(value) not in {canonical(entry) for entry in spec.enum}:
        return "is not one of the values in `enum`"
    return ""


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None


def _check_value(spec: ParamSpec, value: Value, report: Report) -> None:
    if not_given(value):
        return
    plain = value.value if isinstance(value, Sensitive) else value
    if spec.has_default and canonical(plain) == canonical(spec.default):
        # What is wrong with a default is told where it stands.
        return
    problem = misfit(spec, plain)
    if problem:
        report.error(
            "FP119",
            f"the param `{spec.name}` {problem}",
            spec.path,
            key=True,
            detail=spec.description,
            hint="give it another value",
        )


def _unset(spec: ParamSpec, report: Report, fragments: Sequence[str] = (), note: str = "") -> None:
    environment = f"FLOWPLAN_PARAM_{spec.name}"
    way = f"use -p {spec.name}=VALUE, a --params-file or {environment}"
    if spec.sensitive:
        way = f"set {environment}, or use -p {spec.name}=@FILE"
    report.error(
        "FP118",
        f"the param `{spec.name}` has no value",
        spec.path,
        key=not fragments,
        fragments=fragments,
        detail=note or spec.description,
        hint=way,
    )


def _unknown(template: Template, spec: ParamSpec, report: Report) -> None:
    head, _, rest = spec.name.partition(".")
    known = [node.id for node in template.nodes]
    if not rest:
        named = "It is a node too; what a node gives is named `node.output`."
        _unset(spec, report, ("${{", spec.name), named if spec.name in known else "")
        return
    if head in known:
        report.error(
            "FP116",
            f'the node `{head}` has no output "{rest}" that can be used here',
            spec.path,
            fragments=("${{", spec.name),
            detail=f"No param is called `{spec.name}` either.",
            hint=f"use one of the node's outputs, or give -p {spec.name}=VALUE",
        )
        return
    report.error(
        "FP104",
        f'no node "{head}"',
        spec.path,
        fragments=("${{", spec.name),
        detail=f"No param is called `{spec.name}` either.",
        hint=report.did_you_mean(head, known, f"add the node, or give -p {spec.name}=VALUE"),
    )
