"""Reads the reserved key `flowplan` at the top of a template: what is declared.

It must not know where params get their values; `given.py` checks those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from flowplan.dataclass import dataclass, field
from flowplan.planner.template.checks import read_checks
from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.formats import kinds_of
from flowplan.planner.template.given import misfit
from flowplan.planner.template.imports import read_imports
from flowplan.planner.template.model import PARAM_TYPES, Check, Import, Moved, ParamSpec, ParamType
from flowplan.planner.template.moved import read_moved
from flowplan.planner.template.report import Report, listed
from flowplan.planner.values import Json, Path

__all__ = ["Declarations", "read_declarations"]

_KEYS = ("params", "outputs", "moved", "imports", "checks")
_PARAM_KEYS = ("type", "sensitive", "description", "default", "pattern", "enum")


@dataclass(frozen=True, slots=True)
class Declarations:
    """What stands under `flowplan`. `closed`: params are declared, so no other may be used."""

    params: Mapping[str, ParamSpec] = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    closed: bool = False
    imports: tuple[Import, ...] = ()
    moved: tuple[Moved, ...] = ()
    checks: tuple[Check, ...] = ()


def read_declarations(value: Mapping[str, Json], report: Report) -> Declarations:
    """The declarations; what can't be read is reported and left out."""
    fields = Fields.of(value, ("flowplan",), "`flowplan`", _KEYS, report)
    if fields is None:
        return Declarations()
    outputs = fields.mapping("outputs")
    for name, output in outputs.items():
        if output is None:
            wrong_type(
                report, f"the output `{name}`", "a value", None, ("flowplan", "outputs", name)
            )
    params = {name: _param(name, item, report) for name, item in fields.mapping("params").items()}
    return Declarations(
        params, outputs, closed="params" in value, imports=read_imports(fields),
        moved=read_moved(fields), checks=read_checks(fields),
    )  # fmt: skip


def _param(name: str, value: Json, report: Report) -> ParamSpec:
    path: Path = ("flowplan", "params", name)
    fields = Fields.of(value, path, f"the param `{name}`", _PARAM_KEYS, report)
    if fields is None:
        return ParamSpec(name, path=path)
    spec = ParamSpec(
        name,
        type=_type(fields),
        sensitive=fields.flag("sensitive"),
        description=fields.text("description"),
        default=value.get("default"),
        has_default="default" in value,
        pattern=_pattern(fields),
        enum=tuple(fields.items("enum")),
        path=path,
    )
    _check(spec, report)
    return spec


def _type(fields: Fields) -> ParamType:
    type_ = fields.text("type") or "string"
    if type_ in PARAM_TYPES:
        return cast(ParamType, type_)
    fields.report.error(
        "FP120",
        f'no type of params is called "{type_}"',
        (*fields.path, "type"),
        detail=f"Known are {listed(PARAM_TYPES)}.",
        hint=fields.report.did_you_mean(type_, PARAM_TYPES, "use one of them"),
    )
    return "string"


def _pattern(fields: Fields) -> str | None:
    pattern = fields.text("pattern")
    if not pattern:
        return None
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        fields.report.error(
            "FP120",
            f"the pattern is not a regular expression: {error}",
            (*fields.path, "pattern"),
            hint="write it in the syntax of Python's `re`",
        )
        return None
    return pattern


def _check(spec: ParamSpec, report: Report) -> None:
    """Declarations that contradict themselves."""
    for index, entry in enumerate(spec.enum):
        if spec.type not in kinds_of(entry):
            report.error(
                "FP120",
                f"the param `{spec.name}` is a {spec.type}, and this value of `enum` is not",
                (*spec.path, "enum", index),
                hint="correct the value, or `type`",
            )
    if spec.pattern is not None and spec.type != "string":
        report.error(
            "FP120",
            f"`pattern` is for strings, and the param `{spec.name}` is a {spec.type}",
            (*spec.path, "pattern"),
            key=True,
            hint="remove it, or declare `type: string`",
        )
    if spec.has_default:
        problem = misfit(spec, spec.default)
        if problem:
            report.error(
                "FP120",
                f"the default of the param `{spec.name}` {problem}",
                (*spec.path, "default"),
                hint="correct the default, or the declaration",
            )
