"""The state document as bytes: one JSON object with a `format_version`, and back.

The same state gives the same bytes: keys are sorted, resources stand in the order in which
they were made. This module must not know where the bytes are kept; `location` and `backup`
are words for messages.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, NoReturn, TypeAlias

from flowplan.errors import FlowplanError, StateError
from flowplan.state.migrations import FORMAT_VERSION, migrate
from flowplan.state.model import (
    ClusterIdentity,
    OutputRecord,
    ProvisionStatus,
    ResourceRecord,
    State,
)
from flowplan.state.records import (
    Malformed,
    from_json,
    record_from_json,
    record_to_json,
    to_json,
)

__all__ = ["FORMAT_VERSION", "decode", "encode", "record_from_json", "record_to_json"]

Json: TypeAlias = Any

_KEYS = frozenset(
    {
        "format_version",
        "lineage",
        "serial",
        "workflow",
        "salt",
        "cluster",
        "status",
        "resources",
        "outputs",
    }
)
_LINEAGE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_SALT = re.compile(r"(?:[0-9a-f]{2})*\Z")


def encode(state: State) -> bytes:
    """The document that `decode` reads: UTF-8, indented, with a newline at its end."""
    document = {
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "serial": state.serial,
        "workflow": state.workflow,
        "salt": state.salt,
        "cluster": to_json(state.cluster),
        "status": to_json(state.status),
        "resources": [to_json(record) for record in state.resources.values()],
        "outputs": {name: to_json(output) for name, output in state.outputs.items()},
    }
    try:
        return _text(document, ascii_only=False).encode()
    except UnicodeEncodeError:
        # A lone surrogate is legal in JSON, but only as an escape.
        return _text(document, ascii_only=True).encode()


def _text(document: Json, *, ascii_only: bool) -> str:
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=ascii_only, allow_nan=False)
    return text + "\n"


def decode(data: bytes, location: str, *, backup: str | None = None) -> State:
    """The state that `encode` wrote.

    `location` names the document in messages, `backup` an older copy to restore where there
    is one. Raises `StateError`: FP402 when it is no JSON, FP403 when its content is not that
    of a state, FP404 when a newer flowplan wrote it.
    """
    remedy = _restore(location, backup)
    document = _parse(data, location, remedy)
    version = document.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        _refuse(location, Malformed("format_version", "a number from 1 on was expected"), remedy)
    if version > FORMAT_VERSION:
        raise StateError.of(
            "FP404",
            f"{location} was written by a newer flowplan",
            f"It has format {version}; this flowplan reads formats up to {FORMAT_VERSION}.",
            hint="Upgrade flowplan.",
        )
    try:
        return _state(migrate(document, version))
    except Malformed as problem:
        _refuse(location, problem, remedy)
    except LookupError as problem:
        _refuse(location, Malformed("format_version", str(problem)), remedy)


def _parse(data: bytes, location: str, remedy: str) -> dict[str, Json]:
    try:
        document = json.loads(data, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise _damaged(location, problem if data.strip() else "it is empty", remedy) from None
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _damaged(location, problem, remedy) from None
    if not isinstance(document, dict):
        _refuse(location, Malformed("", "the document is not an object"), remedy)
    return document


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _state(document: dict[str, Json]) -> State:
    """The document's fields checked one by one. Raises `Malformed`."""
    for name in sorted(_KEYS - document.keys()):
        raise Malformed(name, "this field is missing")
    for name in sorted(document.keys() - _KEYS):
        raise Malformed(name, "this field is not known")
    return State(
        lineage=_matching(document, "lineage", _LINEAGE, "letters, digits, - and _ only"),
        serial=_serial(document["serial"]),
        workflow=_matching(document, "workflow", re.compile(""), "text"),
        salt=_matching(document, "salt", _SALT, "hexadecimal digits in pairs"),
        cluster=from_json(ClusterIdentity, document["cluster"], "cluster"),
        status=from_json(ProvisionStatus, document["status"], "status"),
        resources=_resources(document["resources"]),
        outputs=_outputs(document["outputs"]),
    )


def _matching(document: dict[str, Json], name: str, wanted: re.Pattern[str], words: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not wanted.match(value):
        raise Malformed(name, f"a string was expected: {words}")
    return value


def _serial(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed("serial", "a number from 0 on was expected")
    return value


def _resources(value: Json) -> dict[str, ResourceRecord]:
    if not isinstance(value, list):
        raise Malformed("resources", "an array was expected")
    found: dict[str, ResourceRecord] = {}
    for index, item in enumerate(value):
        record = record_from_json(item, f"resources[{index}]")
        if record.node in found:
            raise Malformed(f"resources[{index}].node", f'"{record.node}" is there twice')
        found[record.node] = record
    return found


def _outputs(value: Json) -> dict[str, OutputRecord]:
    if not isinstance(value, dict):
        raise Malformed("outputs", "an object was expected")
    return {name: from_json(OutputRecord, item, f"outputs.{name}") for name, item in value.items()}


def _restore(location: str, backup: str | None) -> str:
    if backup is None:
        return "Restore it from your version control or a copy."
    command = f"cp {shlex.quote(backup)} {shlex.quote(location)}"
    return f"The state before the last write is in {backup}. To go back to it:\n  {command}"


def _damaged(location: str, problem: str, remedy: str) -> FlowplanError:
    return StateError.of(
        "FP402", f"{location} is damaged", f"It is not JSON: {problem}.", hint=remedy
    )


def _refuse(location: str, problem: Malformed, remedy: str) -> NoReturn:
    raise StateError.of(
        "FP403", f"{location} is not a state that flowplan wrote", f"{problem}.", hint=remedy
    ) from None
