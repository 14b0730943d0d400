"""What ML Commons makes of the values that it is given, so that both sides can be compared.

For import, adoption after a crash and the check after an update; drift compares server with
server and needs none of it. It must not know step types, except what the rules are named after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowplan import lazy_json as json
from flowplan.pattern import pattern
from flowplan.protocol import Json
from flowplan.providers.javamap import map_order

__all__ = [
    "alike",
    "chosen_config",
    "client_config",
    "compact",
    "connector_actions",
    "credential_names",
    "text",
    "texts",
]

_CLIENT_DEFAULTS: Mapping[str, Json] = {
    "max_connection": 30,
    "connection_timeout": 30,
    "read_timeout": 30,
    "retry_backoff_millis": 200,
    "retry_timeout_seconds": 30,
    "max_retry_times": 0,
    "retry_backoff_policy": "constant",
    "skip_ssl_verification": False,
}
_ACTION_KEYS = (
    "action_type",
    "name",
    "method",
    "url",
    "headers",
    "request_body",
    "pre_process_function",
    "post_process_function",
)
_CREDENTIAL = pattern(r"\$\{credential\.([\w.-]+)\}")
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7


def _double(value: float) -> str:
    """A floating point number as Java prints it: `0.5`, `1.0`, `1.0E21`."""
    from decimal import Decimal  # on use: few templates have such a number

    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        shown = format(Decimal(repr(value)), "f")
        return shown if "." in shown else f"{shown}.0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits))
    power = len(figures) - 1 + int(exponent)
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:].rstrip('0') or '0'}E{power}"


def compact(value: Json) -> str:
    """One line of JSON without spaces, keys in a Java map's order, numbers as Java prints them."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(key)}:{compact(value[key])}" for key in map_order(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(compact, value)) + "]"
    return _double(value) if isinstance(value, float) else _scalar(value)


def _scalar(value: Json) -> str:
    # The two line ends of JavaScript are the only characters that Gson escapes beyond JSON's own.
    shown = json.dumps(value, ensure_ascii=False)
    return shown.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def text(value: Json) -> str:
    """A string as it is, anything else as its JSON."""
    return value if isinstance(value, str) else compact(value)


def texts(value: Json) -> Json:
    """An object whose values are made texts, one by one: `parameters` of a connector."""
    if not isinstance(value, Mapping):
        return value
    return {key: text(item) for key, item in value.items()}


def connector_actions(value: Json) -> Json:
    """A connector's `actions` as they are read back: known keys, the type in upper case."""
    if not isinstance(value, (list, tuple)):
        return value
    return [_action(item) if isinstance(item, Mapping) else item for item in value]


def _action(action: Mapping[str, Json]) -> dict[str, Json]:
    kept = {key: action[key] for key in _ACTION_KEYS if action.get(key) is not None}
    if isinstance(kept.get("action_type"), str):
        kept["action_type"] = kept["action_type"].upper()
    return kept


def client_config(value: Json) -> Json:
    """A connector's `client_config` with the keys that the server fills in."""
    return {**_CLIENT_DEFAULTS, **value} if isinstance(value, Mapping) else value


def chosen_config(value: Mapping[str, Json]) -> dict[str, Json]:
    """A connector's `client_config` without the values that the server fills in."""
    return {
        key: item for key, item in value.items()
        if key not in _CLIENT_DEFAULTS or item != _CLIENT_DEFAULTS[key]
    }  # fmt: skip


def credential_names(value: Json) -> list[str]:
    """The names in `${credential.NAME}`, wherever they stand in a connector, each once."""
    return list(dict.fromkeys(_CREDENTIAL.findall(json.dumps(value))))


def alike(wanted: Json, seen: Json) -> bool:
    """Whether a value read back is the wanted one, whatever text or number it was made.

    An object may have more keys than wanted: the server merges, and fills in defaults.
    """
    return _fits(_loose(wanted), _loose(seen))


def _loose(value: Json) -> Any:
    if isinstance(value, Mapping):
        return {key: _loose(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_loose(item) for item in value]
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return _loose(parsed) if not isinstance(parsed, str) else value
    return value


def _fits(wanted: Any, seen: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return all(key in seen and _fits(item, seen[key]) for key, item in wanted.items())
    if isinstance(wanted, list) and isinstance(seen, list):
        return len(wanted) == len(seen) and all(map(_fits, wanted, seen))
    return bool(wanted == seen)
