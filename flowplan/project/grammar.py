"""Reads `flowplan.yaml`: the same text rules as templates, and every mistake at once.

It must not know which environment is meant, nor whether the files that are named exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flowplan.dataclass import replace
from flowplan.errors import ProjectError, TemplateError
from flowplan.planner.source import Document, read
from flowplan.planner.template.fields import Fields
from flowplan.planner.template.report import Report
from flowplan.planner.values import Json, leaves
from flowplan.planner.values import Path as DocumentPath
from flowplan.project.block import BLOCK_KEYS, Reading, filled_text, read_block
from flowplan.project.model import Block, ProjectFile

__all__ = ["KEYS", "read_project"]

KEYS = ("template", "default_env", *BLOCK_KEYS, "environments")
# An empty template is a mistake; an empty project file says that this is a project.
EMPTY = "FP142"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WHAT = "the project file"


def read_project(path: Path) -> ProjectFile:
    """The project file at `path`; an empty one is fine.

    Raises `ProjectError`: what reading a file raises, FP102 and FP106 for keys and kinds of
    values, FP621 to FP624, FP626, FP629, FP635 to FP637.
    """
    document = _document(path)
    report = Report(document)
    report.secrets.extend(_hidden(document.value))
    project = _read(path, document, report)
    found = report.diagnostics()
    if project is None or found:
        raise ProjectError(*found)
    return project


def _document(path: Path) -> Document:
    try:
        return read(path)
    except TemplateError as error:
        if [item.code for item in error.diagnostics] == [EMPTY]:
            return Document(str(path), "", None, "yaml")
        # Any line of the file may hold a secret, so none is shown.
        plain = (replace(item, excerpt="", span=0) for item in error.diagnostics)
        raise ProjectError(*plain) from None


def _hidden(value: Json) -> Iterator[DocumentPath]:
    """What no excerpt may show: params, credentials, and whatever stands in a wrong place."""
    for path, _ in leaves(value):
        own = path[2:] if path[:1] == ("environments",) else path
        if not own or own[0] in {"params", "credentials"} or own[0] not in KEYS:
            yield path


def _read(path: Path, document: Document, report: Report) -> ProjectFile | None:
    value = {} if document.value is None else document.value
    fields = Fields.of(value, (), _WHAT, KEYS, report)
    if fields is None:
        return None
    reading = Reading(document, report, path.parent)
    common = read_block(fields, reading)
    environments = {}
    for name, item in fields.mapping("environments").items():
        where: DocumentPath = ("environments", name)
        _check_name(name, where, report)
        block = Fields.of(
            {} if item is None else item, where, f"the environment {name}", BLOCK_KEYS, report
        )
        if block is not None:
            environments[name] = read_block(block, reading)
    default = fields.text("default_env") or None
    if default is not None and default not in environments:
        report.error(
            "FP626",
            f"there is no environment {default}",
            ("default_env",),
            hint=report.did_you_mean(default, list(environments), "name one that the file has"),
        )
    _check_states(common, environments, report)
    return ProjectFile(
        path, document, filled_text(fields, "template"), default, common, environments
    )


def _check_name(name: str, path: DocumentPath, report: Report) -> None:
    """The name of an environment becomes part of a file's name."""
    if _NAME.fullmatch(name) is None:
        report.error(
            "FP635",
            f'"{name}" can\'t be the name of an environment',
            path,
            key=True,
            detail="It becomes part of the state's file name.",
            hint="use letters, digits, - and _, as in prod-eu",
        )


def _check_states(common: Block, environments: Mapping[str, Block], report: Report) -> None:
    """No two environments may have one state: each would delete what the other made."""
    users: dict[str, list[str]] = {}
    for name, block in environments.items():
        state = block.state or common.state
        if state is not None:
            users.setdefault(state.replace("{env}", name), []).append(name)
    for names in users.values():
        if len(names) > 1:
            report.error(
                "FP637",
                f"the environments {_joined(names)} would have one state",
                _state_place(names, environments),
                detail="Each of them would take what the other made for its own.",
                hint="put {env} into it, as in .flowplan/{env}.state.json",
            )


def _state_place(names: Sequence[str], environments: Mapping[str, Block]) -> DocumentPath:
    own = [name for name in names if environments[name].state]
    return ("environments", own[-1], "state") if own else ("state",)


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
