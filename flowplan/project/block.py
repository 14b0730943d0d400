"""Reads what may stand at the top of a project file and in each of its environments.

It must not know which environment is meant. Secrets are pointed to, never written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.errors import FlowplanError
from flowplan.http_endpoint import parse_endpoint
from flowplan.planner.source import Document
from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.report import Report, listed
from flowplan.planner.values import Json
from flowplan.planner.values import Path as DocumentPath
from flowplan.project.model import Block
from flowplan.project.settings import state_placeholders
from flowplan.project.sources import SecretSource, Spot, Text

__all__ = ["BLOCK_KEYS", "CREDENTIAL_KEYS", "Reading", "filled_text", "read_block"]

BLOCK_KEYS = (
    "endpoint", "state", "params", "params_files", "allow_delete", "max_deletes", "parallelism",
    "credentials",
)  # fmt: skip
CREDENTIAL_KEYS = ("username", "password", "token", "aws", "client_cert", "client_key", "ca")
SOURCES = ("env", "file")
MOST_PARALLEL = 256
_AWS_KEYS = ("region", "service")
_KINDS = {"username": "a user", "password": "a user", "token": "a token", "aws": "AWS"}
_SECRET = ("password", "token")
_FILES = ("client_cert", "client_key", "ca")
_SOURCE_NAMES = {
    "env": re.compile(r"[^=\0\s][^=\0]*"),
    "file": re.compile(r"[^\0]*[^\0\s][^\0]*"),
}
_BRACES = re.compile(r"\{([^{}]*)\}")
_USER = re.compile(r"^[A-Za-z][\w+.-]*://[^/?#]*@")


@dataclass(frozen=True, slots=True)
class Reading:
    """The file that is read: paths in it are relative to `directory`."""

    document: Document
    report: Report
    directory: Path

    def joined(self, path: str) -> str:
        """A path of the file as it can be opened."""
        return str(self.directory / path)


def read_block(fields: Fields, reading: Reading) -> Block:
    """The block that `fields` are of; what can't be read is reported and left out."""
    return Block(
        path=fields.path,
        endpoint=_endpoint(fields),
        state=_state(fields),
        params=_params(fields, reading),
        params_files=_texts(fields, "params_files") or (),
        allow_delete=_allow_delete(fields),
        max_deletes=_max_deletes(fields),
        parallelism=_parallelism(fields),
        credentials=_credentials(fields, reading),
    )


def filled_text(fields: Fields, key: str) -> str | None:
    """A text that is not empty; None when it is left out or wrong."""
    text = fields.text(key)
    if key in fields.value and isinstance(fields.value[key], str) and not text.strip():
        fields.missing(key, empty=True)
        return None
    return text or None


def _url(fields: Fields, key: str) -> str | None:
    text = filled_text(fields, key)
    if text is None or _USER.match(text) is None:
        return text
    path = (*fields.path, key)
    fields.report.secrets.append(path)
    fields.report.error(
        "FP623",
        f"`{key}` has credentials in its URL",
        path,
        detail="Everybody who can read the file, or its history, would see them.",
        hint="take them out of the URL, and point to them under `credentials`",
    )
    return None


def _endpoint(fields: Fields) -> str | None:
    text = _url(fields, "endpoint")
    if text is None or text.startswith("sandbox:"):
        return text
    try:
        parse_endpoint(text)
    except FlowplanError as error:
        for item in error.diagnostics:
            where = (*fields.path, "endpoint")
            fields.report.error(item.code, item.summary, where, detail=item.detail, hint=item.hint)
        return None
    return text


def _state(fields: Fields) -> str | None:
    text = _url(fields, "state")
    for name in _BRACES.findall(text or ""):
        known = state_placeholders()
        if name not in known or (name == "env" and not _has_environments(fields)):
            fields.report.error(
                "FP621",
                f"{{{name}}} stands for nothing here",
                (*fields.path, "state"),
                detail="{env} is the environment's name, where the file has environments, and "
                "{template} the template's file name without its ending.",
                hint=fields.report.did_you_mean(name, known, "remove it"),
            )
            return None
    return text


def _has_environments(fields: Fields) -> bool:
    return bool(fields.path) or bool(fields.value.get("environments"))


def _texts(fields: Fields, key: str) -> tuple[str, ...] | None:
    if key not in fields.value:
        return None
    items = fields.items(key)
    for index, item in enumerate(items):
        if not isinstance(item, str) or not item.strip():
            where = (*fields.path, key, index)
            wrong_type(fields.report, f"an entry of `{key}`", "a text", item or None, where)
    return tuple(item for item in items if isinstance(item, str))


def _allow_delete(fields: Fields) -> tuple[str, ...] | None:
    names = _texts(fields, "allow_delete")
    if names and "all" in names:
        fields.report.error(
            "FP636",
            "`all` can't be allowed for good",
            (*fields.path, "allow_delete", list(fields.value["allow_delete"]).index("all")),
            detail="Every index and pipeline could then be deleted by a slip in the template.",
            hint="name the nodes here, or give --allow-delete all to one command",
        )
    return names


def _max_deletes(fields: Fields) -> int | None:
    if "max_deletes" not in fields.value:
        return None
    value = fields.value["max_deletes"]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    fields.report.error(
        "FP622",
        "`max_deletes` is a whole number from 0 on",
        (*fields.path, "max_deletes"),
        hint="0 refuses every plan that deletes or replaces anything; without it there is no limit",
    )
    return None


def _parallelism(fields: Fields) -> int | None:
    if "parallelism" not in fields.value:
        return None
    value = fields.value["parallelism"]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PARALLEL:
        return value
    fields.report.error(
        "FP622",
        f"`parallelism` is a whole number from 1 to {MOST_PARALLEL}",
        (*fields.path, "parallelism"),
        hint="10 is what flowplan takes without it",
    )
    return None


def _params(fields: Fields, reading: Reading) -> Mapping[str, Json | SecretSource]:
    found: dict[str, Json | SecretSource] = {}
    for name, value in fields.mapping("params").items():
        path = (*fields.path, "params", name)
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in SOURCES:
            source = _source(value, f"the param {name}", path, reading)
            if source is not None:
                found[name] = source
            continue
        found[name] = value
    return found


def _source(value: Json, what: str, path: DocumentPath, reading: Reading) -> SecretSource | None:
    """`{env: NAME}` or `{file: PATH}`, else FP624."""
    keys = list(value)
    kind = keys[0] if len(keys) == 1 else ""
    name = value.get(kind)
    if kind in SOURCES and isinstance(name, str) and _SOURCE_NAMES[kind].fullmatch(name):
        spot = Spot(reading.document, path)
        if kind == "env":
            return SecretSource("env", name, what, spot)
        return SecretSource("file", reading.joined(name), what, spot)
    wrong = next((key for key in keys if key not in SOURCES), "")
    reading.report.error(
        "FP624",
        f"{what} does not say where it is",
        path,
        detail="One of `env`, with a variable's name, or `file`, with a path.",
        hint=reading.report.did_you_mean(wrong, SOURCES, "write {env: NAME} or {file: PATH}"),
    )
    return None


def _credentials(fields: Fields, reading: Reading) -> Mapping[str, Text] | None:
    if "credentials" not in fields.value:
        return None
    path = (*fields.path, "credentials")
    block = Fields.of(
        fields.value["credentials"], path, "`credentials`", CREDENTIAL_KEYS, reading.report
    )
    if block is None:
        return None
    found: dict[str, Text | None] = {}
    for key in CREDENTIAL_KEYS:
        if key not in block.value:
            continue
        if key == "aws":
            found |= _aws(block)
        elif key in _FILES:
            text = filled_text(block, key)
            found[key] = reading.joined(text) if text else None
        else:
            found[key] = _account(block, key, reading)
    kinds = list(dict.fromkeys(_KINDS[key] for key in block.value if key in _KINDS))
    if len(kinds) > 1:
        reading.report.error(
            "FP629",
            f"`credentials` has {listed(kinds)}, and a request is made by one",
            path,
            key=True,
            hint="keep username and password, or token, or aws",
        )
    return {name: text for name, text in found.items() if text is not None}


def _account(block: Fields, key: str, reading: Reading) -> Text | None:
    """A user name, or a secret: written out, only the name is accepted."""
    value = block.value[key]
    path = (*block.path, key)
    if isinstance(value, dict):
        return _source(value, f"the {key}", path, reading)
    if key not in _SECRET:
        return filled_text(block, key)
    if value is None or isinstance(value, list):
        wrong_type(reading.report, f"`{key}`", "{env: NAME} or {file: PATH}", value, path)
        return None
    reading.report.error(
        "FP623",
        f"the {key} is written out",
        path,
        detail="Everybody who can read the file, or its history, would see it.",
        hint=f"write `{key}: {{env: NAME}}` or `{key}: {{file: PATH}}`, and change the {key}: "
        "others may have seen it",
    )
    return None


def _aws(block: Fields) -> Mapping[str, Text | None]:
    path = (*block.path, "aws")
    fields = Fields.of(block.value["aws"], path, "`aws`", _AWS_KEYS, block.report)
    if fields is None:
        return {}
    service = filled_text(fields, "service") or "es"
    if service not in ("es", "aoss"):
        block.report.error(
            "FP622",
            f'`service` is es or aoss, not "{service}"',
            (*path, "service"),
            detail="es is an OpenSearch domain, aoss OpenSearch Serverless.",
            hint="write one of them",
        )
    return {"aws.service": service, "aws.region": filled_text(fields, "region")}
