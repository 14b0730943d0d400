"""Keeps the secrets of templates and params out of what is written: sealed, or not at all.

A template is split in two: what anybody may see, and the values at its secret places, encrypted
with a key that is not kept with them unless nobody named one. It must not know where either is
kept.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from flowplan.errors import StateError
from flowplan.planner.workspace import Steps

__all__ = ["KEY_VARIABLE", "Seal", "open_seal", "split", "whole"]

Json: TypeAlias = Any
Path_: TypeAlias = tuple[str | int, ...]
KEY_VARIABLE = "FLOWPLAN_SERVE_KEY"
# Flow Framework's own rule: this map is what it encrypts, whatever the step.
_CREDENTIAL = "credential"
_PRIVATE = 0o600


class Seal:
    """Seals values with one key; safe to share by threads."""

    def __init__(self, key: bytes) -> None:
        # On use: only a server needs it, and it takes 40 ms to load.
        from cryptography.fernet import Fernet

        self._fernet = Fernet(key)

    def close(self, value: Json) -> str:
        """The value as a text that says nothing without the key."""
        return self._fernet.encrypt(json.dumps(value).encode()).decode()

    def open(self, text: str) -> Json:
        """The value that was sealed. Raises `StateError` FP680 when the key is another."""
        from cryptography.fernet import InvalidToken

        try:
            return json.loads(self._fernet.decrypt(text.encode()))
        except InvalidToken:
            raise StateError.of(
                "FP680",
                "the stored credentials were sealed with another key",
                "They can only be read with the key that they were written with.",
                hint=f"Set {KEY_VARIABLE} to that key, or put its file back into the store.",
            ) from None


def open_seal(file: Path, environ: Mapping[str, str]) -> Seal:
    """The seal of FLOWPLAN_SERVE_KEY, else of a key in `file`, made there on first use.

    Raises `StateError` FP681 for a key that is none or can't be read or made.
    """
    from cryptography.fernet import Fernet

    named = environ.get(KEY_VARIABLE)
    try:
        if not named:
            named = _kept_key(file, Fernet.generate_key())
        return Seal(named.strip().encode("ascii"))
    except (OSError, ValueError) as error:
        where = KEY_VARIABLE if environ.get(KEY_VARIABLE) else str(file)
        why = error.strerror if isinstance(error, OSError) else "it is no key of Fernet"
        raise StateError.of(
            "FP681",
            f"the key of {where} can't be used: {why}",
            "It seals the credentials of the templates that are kept.",
            hint="Make one: python3 -c 'import base64, os; "
            "print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
        ) from None


def _kept_key(file: Path, fresh: bytes) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        return file.read_text("ascii")
    with os.fdopen(handle, "wb") as out:
        out.write(fresh)
        out.flush()
        os.fsync(out.fileno())
    return fresh.decode()


def split(template: Mapping[str, Json], steps: Steps) -> tuple[dict[str, Json], list[Json]]:
    """The template without its secrets, and these as pairs of path and value."""
    shown = copy.deepcopy(dict(template))
    hidden: list[Json] = []
    for path in list(_secret_places(shown, steps)):
        parent: Json = shown
        for step in path[:-1]:
            parent = parent[step]
        hidden.append([list(path), parent.pop(path[-1])])
    return shown, hidden


def whole(template: Mapping[str, Json], hidden: list[Json]) -> dict[str, Json]:
    """What `split` took apart."""
    made = copy.deepcopy(dict(template))
    for path, value in hidden:
        parent: Json = made
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = value
    return made


def _secret_places(template: Mapping[str, Json], steps: Steps) -> Iterator[Path_]:
    workflows = template.get("workflows")
    for name, workflow in workflows.items() if isinstance(workflows, dict) else ():
        if not isinstance(workflow, dict):
            continue
        start: Path_ = ("workflows", name)
        yield from _named(workflow.get("user_params"), (*start, "user_params"), {_CREDENTIAL})
        nodes = workflow.get("nodes")
        for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
            if isinstance(node, dict):
                place = (*start, "nodes", index, "user_inputs")
                yield from _named(node.get("user_inputs"), place, _secret_inputs(node, steps))
    yield from _declared(template)


def _secret_inputs(node: Mapping[str, Json], steps: Steps) -> set[str]:
    schema = steps.schema(str(node.get("type")))
    inputs = schema.inputs if schema is not None else {}
    return {_CREDENTIAL, *(name for name, spec in inputs.items() if spec.sensitive)}


def _named(value: Json, place: Path_, names: set[str]) -> Iterator[Path_]:
    if isinstance(value, dict):
        yield from ((*place, name) for name in names if name in value)


def _declared(template: Mapping[str, Json]) -> Iterator[Path_]:
    """What the declaration of a sensitive param tells of its value."""
    extra = template.get("flowplan")
    params = extra.get("params") if isinstance(extra, dict) else None
    for name, spec in params.items() if isinstance(params, dict) else ():
        if isinstance(spec, dict) and spec.get("sensitive") is True:
            place = ("flowplan", "params", name)
            yield from _named(spec, place, {"default", "enum"})
