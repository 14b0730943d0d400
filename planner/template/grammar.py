"""The shape of a template: which keys stand where, and what kind of value each has.

flow-framework.md's §2.1, with every mistake reported instead of the first. It must not know
step types, or what nodes mean to each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass, field
from flowplan.planner.expressions import contains
from flowplan.planner.template.fields import Fields
from flowplan.planner.template.formats import is_version, kind_of
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, Path

__all__ = ["PROVISION", "Heading", "read_heading", "read_workflow_names"]

PROVISION = "provision"
_KEYS = ("name", "description", "use_case", "version", "workflows", "ui_metadata", "flowplan")
# What Flow Framework adds to a template that it stores: read back, it is no mistake.
_SERVER_KEYS = (
    "user", "created_time", "last_updated_time", "last_provisioned_time", "tenant_id",
    "all_shared_principals",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    """The top of a template. `workflows` and `extra` (`flowplan`) are as written."""

    name: str = ""
    description: str = ""
    use_case: str = ""
    template_version: str | None = None
    compatibility: tuple[str, ...] = ()
    workflows: Mapping[str, Json] = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)
    has_workflows: bool = True


def read_heading(value: Json, report: Report) -> Heading | None:
    """The top of the template, None when there is nothing to go on with."""
    fields = Fields.of(value, (), "a template", (*_KEYS, *_SERVER_KEYS), report, suggest=_KEYS)
    if fields is None:
        return None
    name = fields.text("name", required=True)
    if contains(name):
        report.error(
            "FP153",
            "the name is used as it is written, expressions and all",
            ("name",),
            detail="State and plans are bound to it, so it can't depend on params.",
            hint="write the name out",
            warning=True,
        )
    fields.mapping("ui_metadata")
    version = fields.mapping("version")
    template_version, compatibility = _read_version(version, report)
    return Heading(
        name=name,
        description=fields.text("description"),
        use_case=fields.text("use_case"),
        template_version=template_version,
        compatibility=compatibility,
        workflows=fields.mapping("workflows"),
        extra=fields.mapping("flowplan"),
        has_workflows=isinstance(value.get("workflows", {}), dict),
    )


def read_workflow_names(heading: Heading, report: Report) -> Sequence[str]:
    """The names of the workflows; says which are unused and whether the one is missing."""
    for name in heading.workflows:
        if name != PROVISION:
            report.error(
                "FP126",
                f'the workflow "{name}" is not used',
                ("workflows", name),
                key=True,
                detail="Only `provision` is ever carried out, here and by Flow Framework.",
                hint=report.did_you_mean(name, (PROVISION,), "remove it, or move its nodes"),
                warning=True,
            )
    if PROVISION not in heading.workflows and heading.has_workflows:
        report.error(
            "FP127",
            "no workflow `provision`",
            ("workflows",),
            key=True,
            detail="It is the workflow whose nodes are planned and applied.",
            hint="add `workflows: {provision: {nodes: [...]}}`",
        )
    return tuple(heading.workflows)


def _read_version(
    version: Mapping[str, Json], report: Report
) -> tuple[str | None, tuple[str, ...]]:
    fields = Fields.of(version, ("version",), "`version`", ("template", "compatibility"), report)
    if fields is None:
        return None, ()
    template = version.get("template")
    if template is not None or "template" in version:
        _check_version(template, ("version", "template"), report)
    admitted = fields.items("compatibility")
    for index, entry in enumerate(admitted):
        _check_version(entry, ("version", "compatibility", index), report)
    good = tuple(entry for entry in admitted if isinstance(entry, str) and is_version(entry))
    return template if isinstance(template, str) else None, good


def _check_version(value: Json, path: Path, report: Report) -> None:
    if isinstance(value, str) and is_version(value):
        return
    shown = f'"{value}"' if isinstance(value, str) else kind_of(value)
    report.error(
        "FP125",
        f"{shown} is not a version",
        path,
        detail="Flow Framework reads versions as three numbers.",
        hint='write it as "2.12.0"',
    )
