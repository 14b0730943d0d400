"""What ML Commons makes of a connector's body, and which bodies it refuses.

Used for stand-alone connectors and for those inside a model. Credential values end here: only the
names of the keys go on, so that no value is ever written. Must not know the store.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowplan.providers.sandbox import checks, javajson, wire
from flowplan.providers.sandbox.wire import ApiError, JsonObject

__all__ = ["TRUSTED", "check_complete", "check_url", "check_usable", "created", "updated"]

# The cluster setting that names the endpoints a connector may call.
TRUSTED = "plugins.ml_commons.trusted_connector_endpoints_regex"
PROTOCOLS = ("aws_sigv4", "http", "mcp_sse", "mcp_streamable_http")
_ACTION_TYPES = frozenset({"PREDICT", "EXECUTE", "BATCH_PREDICT", "CANCEL_BATCH_PREDICT"}) | {
    "BATCH_PREDICT_STATUS"
}
_ACTION_KEYS = (
    "method",
    "url",
    "headers",
    "request_body",
    "pre_process_function",
    "post_process_function",
    "name",
)
_CLIENT_DEFAULTS: JsonObject = {
    "max_connection": 30,
    "connection_timeout": 30,
    "read_timeout": 30,
    "retry_backoff_millis": 200,
    "retry_timeout_seconds": 30,
    "max_retry_times": 0,
    "retry_backoff_policy": "constant",
    "skip_ssl_verification": False,
}
_POLICIES = frozenset({"constant", "exponential_equal_jitter", "exponential_full_jitter"})
_UNTRUSTED = "Connector URL is not matching the trusted connector endpoint regex"
# Without the setting the sandbox trusts every endpoint whose host is resolved; a real node lists
# the public services by name.
_ANY_HOST = (r"^https?://[^/\s$]+(/.*)?$",)
_PLACEHOLDER = re.compile(r"\$\{parameters\.([^}]+)\}")


def _action(item: JsonObject) -> JsonObject:
    kind = checks.text(item, "action_type")
    if kind is None:
        raise wire.illegal_argument("action type can't be null")
    if kind.upper() not in _ACTION_TYPES:
        enum = "org.opensearch.ml.common.connector.ConnectorAction.ActionType"
        raise wire.illegal_argument(f"No enum constant {enum}.{kind.upper()}")
    action: JsonObject = {"action_type": kind.upper()}
    for key in _ACTION_KEYS:
        if key == "headers" and isinstance(item.get(key), dict):
            action[key] = checks.text_map(item[key])
        elif (value := checks.text(item, key)) is not None:
            action[key] = value
    for key in ("url", "method"):
        if key not in action:
            raise wire.illegal_argument(f"{key} can't be null")
    return action


def _actions(body: JsonObject) -> list[JsonObject] | None:
    if "actions" not in body:
        return None
    return [_action(item) for item in checks.objects(body["actions"])]


def _client_config(value: Any) -> JsonObject:
    """Numbers may be written as texts; what is missing is filled in."""
    found = dict(_CLIENT_DEFAULTS)
    for key, item in checks.objects([value])[0].items():
        default = _CLIENT_DEFAULTS.get(key)
        if isinstance(default, bool):
            found[key] = checks.flag(item)
        elif isinstance(default, int):
            found[key] = _number(item)
        elif key == "retry_backoff_policy":
            found[key] = checks.text({key: item}, key)
            if found[key] not in _POLICIES:
                raise wire.illegal_argument("Unsupported retry backoff policy")
    return found


def _number(value: Any) -> int:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        why = "not numeric, can not use numeric value accessors"
        raise wire.not_of_type(javajson.token(value), why)
    try:
        return int(value)
    except ValueError:
        reason = f'For input string: "{value}"'
        raise ApiError(wire.BAD_REQUEST, "number_format_exception", reason) from None


def _read(body: JsonObject) -> tuple[JsonObject, list[str]]:
    """The fields that are kept, and the names of the credential's keys."""
    kept: JsonObject = {}
    for key in ("name", "description", "version", "protocol"):
        if (value := checks.text(body, key)) is not None:
            kept[key] = value
    if "parameters" in body:
        kept["parameters"] = checks.stringified(body["parameters"])
    if (actions := _actions(body)) is not None:
        kept["actions"] = actions
    if "client_config" in body:
        kept["client_config"] = _client_config(body["client_config"])
    if not isinstance(body.get("backend_roles", []), list):
        raise checks.wrong_token("START_ARRAY", body["backend_roles"])
    credential = body.get("credential")
    return kept, sorted(checks.text_map(credential)) if isinstance(credential, dict) else []


def created(body: JsonObject) -> tuple[JsonObject, list[str]]:
    """A new connector and its credential's key names; refusals in ML Commons' order (05: 23-39)."""
    kept, credential = _read(body)
    for key in ("name", "version", "protocol"):
        if key not in kept:
            raise wire.illegal_argument(f"Connector {key} is null")
    if not credential:
        raise wire.illegal_argument("Connector credential is null or empty list")
    if kept["protocol"] not in PROTOCOLS:
        raise wire.illegal_argument(
            f"Unsupported connector protocol. Please use one of [{', '.join(PROTOCOLS)}]"
        )
    _check_texts(kept, required=True)
    return {**kept, "parameters": kept.get("parameters", {})}, credential


def updated(
    source: JsonObject, credential: Sequence[str], body: JsonObject
) -> tuple[JsonObject, list[str]]:
    """A connector after a PUT: parameters and credential are merged, the rest is replaced.

    NORMALISATION 1; so no key of either can be removed.
    """
    with checks.changing():
        kept, names = _read(body)
    _check_texts({"name": source["name"], **kept}, required=False)
    merged = {**source, **kept}
    merged["parameters"] = {**source.get("parameters", {}), **kept.get("parameters", {})}
    return merged, sorted({*credential, *names})


def _check_texts(fields: JsonObject, *, required: bool) -> None:
    checks.safe_texts(
        {
            "Model connector name": (fields.get("name"), required),
            "Model connector description": (fields.get("description"), False),
        }
    )


def check_usable(source: JsonObject, credential: Sequence[str]) -> None:
    """Refuse an aws_sigv4 connector without keys, at creation and at each read (05: 10-13, 38).

    A PUT takes any protocol; one that does not exist makes the connector unreadable. A role alone
    is enough, as for AWS's own service: a node that anybody starts wants keys even then.
    """
    if source.get("protocol") not in PROTOCOLS:
        raise wire.illegal_argument(f"Can't find class for type {source.get('protocol')}")
    if source.get("protocol") != "aws_sigv4":
        return
    if not {"access_key", "secret_key"} <= {*credential} and "roleArn" not in credential:
        raise wire.illegal_argument("Missing credential")
    given = {*credential, *source.get("parameters", {})}
    for key, title in (("service_name", "service name"), ("region", "region")):
        if key not in given:
            raise wire.illegal_argument(f"Missing {title}")


def check_complete(source: JsonObject) -> None:
    """A connector has actions, though the list may be empty (05: 29, 32)."""
    if "actions" not in source and not source.get("protocol", "").startswith("mcp_"):
        raise wire.illegal_argument("No actions configured for this connector")


def check_url(source: JsonObject, trusted: Sequence[str] | str | None) -> None:
    """Each action's URL with its parameters fits one of the trusted patterns (05: 27, 36)."""
    patterns = [trusted] if isinstance(trusted, str) else (trusted or _ANY_HOST)
    parameters = source.get("parameters", {})
    for action in source.get("actions", ()):
        url = _PLACEHOLDER.sub(lambda found: parameters.get(found[1], found[0]), str(action["url"]))
        if not any(re.fullmatch(pattern, url) for pattern in patterns):
            raise wire.illegal_argument(_UNTRUSTED)
