"""The state document as bytes: one JSON object with a `format_version`, and back.

The same state gives the same bytes: keys are sorted, resources stand in the order in which
they were made. This module must not know where the bytes are kept; `location` and `backup`
are words for messages.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
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
_LEAF = ",\n        "
_PLAIN = {None: "null", False: "false"}
_LINEAGE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_SALT = re.compile(r"(?:[0-9a-f]{2})*\Z")


def encode(state: State) -> bytes:
    """The document that `decode` reads: UTF-8, with a newline at its end.

    Each field of a resource has a line of its own, and so has each value in it: a person can read
    the difference of two documents. Deeper values are not indented further, since the standard
    library's C encoder can't, and the one that can takes three times as long.
    """
    try:
        return _document(state, ascii_only=False).encode()
    except UnicodeEncodeError:
        # A lone surrogate is legal in JSON, but only as an escape.
        return _document(state, ascii_only=True).encode()


def _document(state: State, *, ascii_only: bool) -> str:
    line, leaves = _encoder(", ", ascii_only), _encoder(_LEAF, ascii_only)
    resources = (_resource(to_json(record), leaves) for record in state.resources.values())
    outputs = (
        f"{line(name)}: {line(to_json(output))}" for name, output in sorted(state.outputs.items())
    )
    fields = {
        "cluster": line(to_json(state.cluster)),
        "format_version": line(FORMAT_VERSION),
        "lineage": line(state.lineage),
        "outputs": _block("{", outputs, "}", "  "),
        "resources": _block("[", resources, "]", "  "),
        "salt": line(state.salt),
        "serial": line(state.serial),
        "status": line(to_json(state.status)),
        "workflow": line(state.workflow),
    }
    return _block("{", (f'"{name}": {value}' for name, value in fields.items()), "}", "") + "\n"


def _encoder(between: str, ascii_only: bool) -> Callable[[Json], str]:
    return json.JSONEncoder(
        sort_keys=True, ensure_ascii=ascii_only, allow_nan=False, separators=(between, ": ")
    ).encode


def _resource(record: Mapping[str, Json], text: Callable[[Json], str]) -> str:
    lines = []
    for name in sorted(record):
        value = record[name]
        # Most fields of most resources are one of these.
        plain = _PLAIN.get(value) if value is None or value is False else None
        lines.append(f'"{name}": {plain or text(value)}')
    return _block("{", lines, "}", "    ")


def _block(opening: str, items: Iterable[str], closing: str, indent: str) -> str:
    """Items in lines of their own; none are `{}` or `[]`."""
    inside = f",\n{indent}  ".join(items)
    return f"{opening}\n{indent}  {inside}\n{indent}{closing}" if inside else opening + closing


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
