"""What OpenSearch makes of settings and mappings of an index, and which it refuses.

By NORMALISATION 5. The lists of settings and field types are those that templates use, not all of
OpenSearch's. Must not know the store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.wire import ApiError, Json, JsonObject

__all__ = ["DEFAULTS", "alias", "flat_settings", "mappings", "merged_mappings", "refuse_static"]

DEFAULTS = {
    "number_of_shards": "1",
    "number_of_replicas": "1",
    "replication.type": "DOCUMENT",
}
_DYNAMIC = frozenset(
    {"number_of_replicas", "auto_expand_replicas", "refresh_interval", "max_result_window"}
    | {"max_inner_result_window", "max_rescore_window", "default_pipeline", "final_pipeline"}
    | {"search.default_pipeline", "search.idle.after", "hidden", "max_ngram_diff"}
    | {"max_shingle_diff", "max_terms_count", "max_regex_length", "gc_deletes", "priority"}
    | {"blocks.read_only", "blocks.read", "blocks.write", "blocks.metadata", "max_script_fields"}
    | {"blocks.read_only_allow_delete", "mapping.total_fields.limit", "mapping.depth.limit"}
    | {"mapping.nested_fields.limit", "mapping.nested_objects.limit", "query.default_field"}
    | {"translog.durability", "translog.sync_interval", "translog.flush_threshold_size"}
    | {"knn.algo_param.ef_search", "knn.advanced.approximate_threshold", "max_slices_per_scroll"}
    | {"search.concurrent_segment_search.mode", "search.concurrent_segment_search.enabled"}
    | {"merge.policy", "verified_before_close", "max_docvalue_fields_search"}
)
_STATIC = frozenset(
    {"number_of_shards", "codec", "codec.compression_level", "routing_partition_size", "knn"}
    | {"number_of_routing_shards", "shard.check_on_startup", "soft_deletes.enabled", "store.type"}
    | {"load_fixed_bitset_filters_eagerly", "replication.type", "mapping.ignore_malformed"}
    | {"knn.space_type", "knn.derived_source.enabled", "mapping.coerce", "append_only.enabled"}
    | {"knn.remote_index_build.enabled", "sparse", "provided_name", "derived_source.enabled"}
)
# Whole families: analysis, similarities, slow logs, shard allocation and sorting have names of
# their own below these.
_FAMILIES = ("analysis.", "similarity.", "sort.", "search.slowlog.", "indexing.slowlog.")
_OPEN_FAMILIES = ("routing.", "lifecycle.", "plugins.", "merge.", "query.", "highlight.")
_TYPES = frozenset(
    {"alias", "binary", "boolean", "byte", "completion", "constant_keyword", "date", "date_nanos"}
    | {"date_range", "derived", "double", "double_range", "flat_object", "float", "float_range"}
    | {"geo_point", "geo_shape", "half_float", "integer", "integer_range", "ip", "ip_range"}
    | {"join", "keyword", "long", "long_range", "match_only_text", "object"}
    | {"percolator", "rank_feature", "rank_features", "scaled_float", "search_as_you_type"}
    | {"short", "star_tree", "text", "token_count", "unsigned_long", "version", "wildcard"}
    | {"xy_point", "xy_shape", "semantic_version", "context_aware_grouping"}
)
_ALIKE = 0.7
_LEAST = {"number_of_shards": 1, "number_of_replicas": 0}
_PLUGIN_TYPES = {
    "knn_vector": "opensearch-knn",
    "semantic": "opensearch-neural-search",
    "sparse_vector": "opensearch-neural-search",
}


def flat_settings(value: Json, prefix: str = "") -> dict[str, str | list[str] | None]:
    """Settings by dotted name without `index.`, each a string; null stays, it resets."""
    found: dict[str, str | list[str] | None] = {}
    for key, item in (value or {}).items():
        name = f"{prefix}{key}"
        if isinstance(item, dict):
            found |= flat_settings(item, f"{name}.")
        elif isinstance(item, list):
            found[name] = [javajson.string(part) for part in item]
        else:
            found[name] = None if item is None else javajson.string(item)
    if prefix:
        return found
    short = {name.removeprefix("index."): item for name, item in found.items()}
    for name, item in short.items():
        _refuse_unknown(name)
        if name in _LEAST and isinstance(item, str):
            _refuse_no_number(name, item)
    return short


def _refuse_no_number(name: str, value: str) -> None:
    reason = f"Failed to parse value [{value}] for setting [index.{name}]"
    if not re.fullmatch(r"-?\d+", value):
        cause = {"type": "number_format_exception", "reason": f'For input string: "{value}"'}
        raise wire.illegal_argument(reason, caused_by=cause)
    if int(value) < _LEAST[name]:
        raise wire.illegal_argument(f"{reason} must be >= {_LEAST[name]}")


def _refuse_unknown(name: str) -> None:
    if name in _DYNAMIC or name in _STATIC or name.startswith((*_FAMILIES, *_OPEN_FAMILIES)):
        return
    wanted = f"index.{name}"
    near = sorted(
        (-_likeness(wanted, known), known)
        for known in (f"index.{item}" for item in _DYNAMIC | _STATIC)
        if _likeness(wanted, known) > _ALIKE
    )
    hint = (
        "please check that any required plugins are installed, or check the breaking changes "
        "documentation for removed settings"
    )
    if near:
        names = [known for _, known in near]
        hint = f"did you mean {f'[{names[0]}]' if len(names) == 1 else f'any of {names}'}?"
    reason = f"unknown setting [index.{name}] {hint}"
    raise ApiError(wire.BAD_REQUEST, "settings_exception", reason)


def _likeness(left: str, right: str) -> float:
    """1 for equal names, less for each edit, as Lucene's LevenshteinDistance counts (07: 14)."""
    row = list(range(len(right) + 1))
    for number, char in enumerate(left, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            change = before + (char != other)
            before = row[place]
            row[place] = min(change, before + 1, row[place - 1] + 1)
    return 1 - row[-1] / max(len(left), len(right))


def refuse_static(names: Mapping[str, Any], index: str) -> None:
    """Settings that an open index can't change (07: 21)."""
    static = sorted(
        f"index.{name}" for name in names if name in _STATIC or name.startswith(_FAMILIES[:3])
    )
    if static:
        raise wire.illegal_argument(
            f"Can't update non dynamic settings [[{', '.join(static)}]] for open indices "
            f"[[{index}]]"
        )


def mappings(value: Json, plugins: tuple[str, ...] | None) -> JsonObject:
    """Mappings as they come back; unknown field types are refused (07: 13)."""
    if value is None:
        return {}
    if isinstance(value, dict) and "_doc" in value:
        raise wire.illegal_argument("The mapping definition cannot be nested under a type")
    if not isinstance(value, dict):
        raise _unparsable("Root mapping definition has unsupported parameters", [])
    return _object(value, plugins)


def _object(value: JsonObject, plugins: tuple[str, ...] | None) -> JsonObject:
    made = dict(value)
    if isinstance(made.get("dynamic"), bool):
        made["dynamic"] = javajson.string(made["dynamic"])
    if made.get("enabled") in {"true", "false"}:
        made["enabled"] = made["enabled"] == "true"
    if isinstance(made.get("copy_to"), str):
        made["copy_to"] = [made["copy_to"]]
    if made.get("type") == "object" and made.get("properties"):
        del made["type"]
    for key in ("properties", "fields"):
        if isinstance(made.get(key), dict):
            made[key] = {name: _field(name, item, plugins) for name, item in made[key].items()}
    return made


def _is_default(key: str, value: Json) -> bool:
    """Whether a parameter says what holds anyway: then it is not shown (3.6.0, tried)."""
    usual = {"index": "true", "store": "false", "doc_values": "true"}.get(key)
    return usual is not None and str(value).lower() == usual


def _field(name: str, value: Json, plugins: tuple[str, ...] | None) -> JsonObject:
    if not isinstance(value, dict):
        raise _unparsable(f"Expected map for property [fields] on field [{name}]", [name])
    type_ = value.get("type")
    if type_ is None and "properties" not in value and value:
        raise _unparsable(f"No type specified for field [{name}]", [name])
    plugin = _PLUGIN_TYPES.get(str(type_))
    known = type_ in _TYPES or (plugin and (plugins is None or plugin in plugins))
    if type_ is not None and not known:
        raise _unparsable(f"No handler for type [{type_}] declared on field [{name}]", [name])
    made = _object(value, plugins)
    shown = {key: item for key, item in made.items() if not _is_default(key, item)}
    return shown if type_ not in {None, "object", "nested"} else made


def alias(body: JsonObject) -> JsonObject:
    """An alias as it comes back: one routing stands for both."""
    routing = body.get("routing")
    both = {} if routing is None else {"index_routing": routing, "search_routing": routing}
    return {**both, **{key: item for key, item in body.items() if key != "routing"}}


class _MappingError(ApiError):
    """Its root cause has another text than itself (07: 13)."""

    def reply(self) -> wire.Reply:
        """The recorded shape."""
        cause = {"type": self.type, "reason": self.reason}
        error = {
            "root_cause": [cause],
            "type": self.type,
            "reason": f"Failed to parse mapping [_doc]: {self.reason}",
            "caused_by": cause,
        }
        return wire.Reply(self.status, {"error": error, "status": self.status})


def _unparsable(reason: str, _path: list[str]) -> ApiError:
    return _MappingError(wire.BAD_REQUEST, "mapper_parsing_exception", reason)


# Parameters of a field that another PUT may change (3.6.0, tried: ignore_above, coerce, copy_to).
_UPDATABLE = frozenset(
    {"ignore_above", "coerce", "ignore_malformed", "copy_to", "meta", "boost", "fielddata"}
    | {"eager_global_ordinals", "search_analyzer", "search_quote_analyzer", "norms", "fields"}
    | {"split_queries_on_whitespace", "max_input_length", "ignore_z_value"}
)


def merged_mappings(before: JsonObject, added: JsonObject, place: str = "") -> JsonObject:
    """Mappings after a PUT: new fields and parameters, never another type (07: 22, 23)."""
    merged = {**before, **{key: item for key, item in added.items() if key != "properties"}}
    fields = dict(before.get("properties", {}))
    for name, field in added.get("properties", {}).items():
        path = f"{place}{name}"
        if name not in fields:
            fields[name] = field
            continue
        was, now = (item.get("type", "object") for item in (fields[name], field))
        if was != now:
            raise wire.illegal_argument(
                f"mapper [{path}] cannot be changed from type [{was}] to [{now}]"
            )
        if now in {"object", "nested"}:
            fields[name] = merged_mappings(fields[name], field, f"{path}.")
        else:
            fields[name] = _merged_field(fields[name], field, path)
    return {**merged, "properties": fields} if fields else merged


def _merged_field(before: JsonObject, field: JsonObject, path: str) -> JsonObject:
    """A field that is no object: what is left out goes back to its default, sub-fields stay."""
    for key in sorted({*before, *field} - _UPDATABLE):
        was, now = before.get(key, "default"), field.get(key, "default")
        if was != now:
            raise wire.illegal_argument(
                f"Mapper for [{path}] conflicts with existing mapper:\n\tCannot update parameter "
                f"[{key}] from [{was}] to [{now}]"
            )
    below = {**before.get("fields", {}), **field.get("fields", {})}
    return {**field, "fields": below} if below else field
