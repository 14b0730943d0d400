"""What a request says: its switches, times, params and body. Raises `Rejected` for nonsense.

OpenSearch's words for what it can't read. It must not know routes or workflows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.server.access import Caller
from flowplan.server.errors import Rejected
from flowplan.server.validation import read_template

__all__ = ["COMMON", "SETTINGS", "Asked"]

Json: TypeAlias = Any
# What every endpoint of OpenSearch takes.
COMMON = frozenset({"pretty", "human", "error_trace", "filter_path", "format", "source"})
# In the order in which Flow Framework lists them.
SETTINGS = (
    "use_case", "pretty", "workflow_id", "provision", "reprovision", "format", "error_trace",
    "human", "update_fields", "wait_for_completion_timeout", "filter_path", "validation",
)  # fmt: skip
_OURS = frozenset({"allow_delete", "allow-delete"})
_TIME = re.compile(r"(\d+)\s*(nanos|micros|ms|s|m|h|d)")
_UNITS = {
    "nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0,
}  # fmt: skip
_JSON, _YAML = ("application/json",), ("application/yaml", "application/x-yaml", "text/yaml")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the query, decoded, the body as it came, its content type, and who sent it."""

    query: Mapping[str, str]
    body: bytes = b""
    content_type: str = ""
    caller: Caller = field(default_factory=Caller)

    def flag(self, name: str) -> bool:
        """A switch; its name alone turns it on."""
        value = self.query.get(name, "false")
        if value not in {"", "true", "false"}:
            raise Rejected(
                f"Failed to parse value [{value}] as only [true] or [false] are allowed."
            )
        return value != "false"

    def seconds(self, name: str) -> float | None:
        """A time, None where it is not given."""
        value = self.query.get(name)
        if value is None:
            return None
        if value in {"0", "-1"}:
            return 0.0
        found = _TIME.fullmatch(value.strip().lower())
        if found is None:
            raise Rejected(
                f"failed to parse setting [{name}] with value [{value}] as a time value: unit is"
                " missing or unrecognized"
            )
        return int(found[1]) * _UNITS[found[2]]

    def names(self, *names: str) -> tuple[str, ...]:
        """A list separated by commas, under any of these names."""
        texts = [self.query[name] for name in names if name in self.query]
        return tuple(item.strip() for text in texts for item in text.split(",") if item.strip())

    @property
    def allow_delete(self) -> tuple[str, ...]:
        """The resources that may go; the documentation spells it with a dash."""
        return self.names("allow_delete", "allow-delete")

    def template(self) -> dict[str, Json]:
        """The body as a template."""
        return read_template(self._text(), self._syntax())

    def params(self, *, body: bool = False) -> dict[str, str]:
        """What is given for substitution: by the query, with `body` also there."""
        known = {*SETTINGS, *COMMON, *_OURS}
        found = {name: value for name, value in self.query.items() if name not in known}
        for name, value in (self.json() if body else {}).items():
            if name in found:
                raise Rejected(f"Duplicate key {name}")
            if not isinstance(value, str):
                raise Rejected("Request body fields must have string values")
            found[name] = value
        return found

    def see_permitted(self) -> None:
        """Refuse params where nothing is provisioned that they could be for."""
        if any(name not in SETTINGS and name != "source" for name in self.query):
            raise Rejected(
                f"Only the parameters [{', '.join(SETTINGS)}] are permitted unless the provision"
                " parameter is set to true."
            )

    def json(self) -> dict[str, Json]:
        """The body as an object, empty where there is none."""
        text = self._text()
        if not text.strip():
            return {}
        return read_template(text, self._syntax())

    def _syntax(self) -> str:
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind in _YAML:
            return "yaml"
        if kind and self.body and kind not in _JSON and "+json" not in kind:
            raise Rejected(f"Content-Type header [{self.content_type}] is not supported", 406)
        return "json"

    def _text(self) -> str:
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise Rejected(
                "IOException: template content invalid for specified Content-Type."
            ) from None
