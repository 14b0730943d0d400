"""What ML Commons makes of a model's body, and which bodies it refuses (NORMALISATION 2).

Must not know the store: what needs other documents (connector, group) is `models`.
"""

from __future__ import annotations

import re
from typing import Any

from flowplan.providers.sandbox import checks, connector_body, javajson, wire
from flowplan.providers.sandbox.wire import Json, JsonObject

__all__ = ["refuse_incomplete", "registered", "updated"]

_LOCAL = frozenset(
    {"TEXT_EMBEDDING", "SPARSE_ENCODING", "SPARSE_TOKENIZE", "TEXT_SIMILARITY"}
    | {"QUESTION_ANSWERING", "IMAGE_EMBEDDING"}
)
_OTHERS = frozenset(
    {"KMEANS", "LINEAR_REGRESSION", "LOGISTIC_REGRESSION", "RCF_SUMMARIZE", "FIT_RCF", "BATCH_RCF"}
    | {"AD_LIBSVM", "LOCAL_SAMPLE_CALCULATOR", "ANOMALY_LOCALIZATION", "METRICS_CORRELATION"}
    | {"SAMPLE_ALGO", "AGENT", "CONNECTOR"}
)
_FUNCTIONS = _LOCAL | _OTHERS | {"REMOTE"}
_UNITS = frozenset(
    {"NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"}
)
_POSITIVE = r"\d*[1-9]\d*(\.\d*)?|0*\.\d*[1-9]\d*"
_CONFIG_KEYS = (
    "model_type", "embedding_dimension", "framework_type", "all_config", "pooling_mode",
    "normalize_result", "model_max_length", "query_prefix", "passage_prefix", "additional_config",
)  # fmt: skip
_WRITTEN_AS_IS = ("guardrails", "model_config")


def _limiter(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise checks.wrong_token("START_OBJECT", value)
    known = {key: checks.text(value, key) for key in ("limit", "unit") if key in value}
    if "limit" in known and not re.fullmatch(_POSITIVE, str(known["limit"])):
        raise wire.parse_error("Limit field must be a positive number.")
    if "unit" in known and known["unit"] not in _UNITS:
        enum = "java.util.concurrent.TimeUnit"
        raise wire.illegal_argument(f"No enum constant {enum}.{known['unit']}")
    return known


def _deploy_setting(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise wire.illegal_argument("Failed to parse [deploy_setting]: it must be an object")
    return {"model_ttl_minutes": -1, **value}


def _interface(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        return {}
    known = {key: value[key] for key in ("input", "output") if value.get(key) is not None}
    return {key: javajson.string(item) for key, item in known.items()}


def _settings(body: JsonObject) -> JsonObject:
    """The optional objects that registering and updating treat alike."""
    kept: JsonObject = {key: body[key] for key in _WRITTEN_AS_IS if body.get(key) is not None}
    for key, read in (
        ("rate_limiter", _limiter),
        ("deploy_setting", _deploy_setting),
        ("interface", _interface),
    ):
        if key in body:
            kept[key] = read(body[key])
    if "model_config" in kept:
        kept["model_config"] = _config(kept["model_config"])
    if "guardrails" in kept:
        kept["guardrails"] = _guardrails(kept["guardrails"])
    return kept


def _config(value: Json) -> JsonObject:
    """Known keys only; two of them are names of Java constants."""
    if not isinstance(value, dict):
        raise checks.wrong_token("START_OBJECT", value)
    known = {key: value[key] for key in _CONFIG_KEYS if key in value}
    return known | {
        key: str(known[key]).upper() for key in ("framework_type", "pooling_mode") if key in known
    }


def _guardrails(value: Json) -> Json:
    """Empty lists are dropped, and sides without any."""
    if not isinstance(value, dict) or value.get("type") not in {"local_regex", "model"}:
        raise wire.illegal_argument("The type of guardrails is required, can not be null.")
    found = dict(value)
    for side in ("input_guardrail", "output_guardrail"):
        if isinstance(found.get(side), dict):
            found[side] = {key: item for key, item in found[side].items() if item != []}
            if not found[side]:
                del found[side]
    return found


def registered(body: JsonObject) -> tuple[JsonObject, JsonObject]:
    """A new model and its private part; refusals in ML Commons' order (06: 19-26)."""
    function = checks.text(body, "function_name")
    if function is not None and function.upper() not in _FUNCTIONS:
        raise wire.illegal_argument("Wrong function name")
    name = checks.text(body, "name")
    if name is None:
        raise wire.illegal_argument("model name is null")
    algorithm = (function or "TEXT_EMBEDDING").upper()
    source: JsonObject = {"name": name, "algorithm": algorithm, "is_hidden": False}
    for key in ("description", "connector_id", "model_group_id"):
        if (value := checks.text(body, key)) is not None:
            source[key] = value
    if "is_enabled" in body:
        source["is_enabled"] = checks.flag(body["is_enabled"])
    source |= _settings(body)
    private: JsonObject = {}
    if isinstance(body.get("connector"), dict):
        inline, private["credential_keys"] = connector_body.created(body["connector"])
        source["connector"] = inline
    return source, private


def refuse_incomplete(source: JsonObject, body: JsonObject) -> None:
    """What is missing for the function (06: 21, 24), then unsafe characters."""
    if source["algorithm"] == "REMOTE":
        if "connector_id" not in source and "connector" not in source:
            raise wire.illegal_argument(
                "You must provide connector content when creating a remote model "
                "without connector id!"
            )
    elif (format_ := checks.text(body, "model_format")) is None:
        raise wire.illegal_argument("model format is null")
    else:
        source["model_format"] = format_.upper()
        if (hash_ := checks.text(body, "model_content_hash_value")) is not None:
            source["model_content_hash_value"] = hash_
    checks.safe_texts(
        {
            "Model name": (source["name"], True),
            "Model description": (source.get("description"), False),
        }
    )


def updated(source: JsonObject, body: JsonObject) -> JsonObject:
    """A model after a PUT, without what connector and group need (06: 33, 55-65; 09: 9-11)."""
    changed: JsonObject = {}
    with checks.changing():
        for key in ("name", "description", "connector_id", "model_group_id"):
            if (value := checks.text(body, key)) is not None:
                changed[key] = value
    checks.safe_texts(
        {
            "Model Name": (changed.get("name"), False),
            "Model Description": (changed.get("description"), False),
        }
    )
    if body.get("connector") is not None and "connector" not in source:
        raise wire.status_error(
            wire.BAD_REQUEST,
            "Cannot update connector settings for this model. The model was created with a "
            "connector_id and does not have an inline connector.",
        )
    if changed.get("connector_id") and "connector_id" not in source:
        raise wire.status_error(
            wire.BAD_REQUEST,
            "This remote does not have a connector_id field, maybe it uses an internal connector.",
        )
    if "is_enabled" in body:
        changed["is_enabled"] = checks.flag(body["is_enabled"])
    changed |= _merged_settings(source, _settings(body))
    return {**source, **{key: value for key, value in changed.items() if _kept(key, value)}}


def _kept(key: str, value: Any) -> bool:
    # An empty id is not set (`Strings.hasLength`), an empty text is stored.
    return value != "" or key in {"name", "description"}


def _merged_settings(source: JsonObject, settings: JsonObject) -> JsonObject:
    merged = dict(settings)
    for key in ("rate_limiter", "deploy_setting", "interface", "model_config"):
        if key in settings:
            merged[key] = {**source.get(key, {}), **settings[key]}
    return merged
