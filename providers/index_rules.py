"""Which changes of an index its cluster makes in place, leaf by leaf.

There is no dry run, so these are lists (NORMALISATION 5): settings that only a new index takes,
and parameters of fields that may be changed. It must not know requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from flowplan.protocol import Json
from flowplan.providers.index_form import names_in, section

__all__ = ["RESET", "judge_change"]

Verdict = Literal["in_place", "replace", "keep"]

_STATIC = frozenset(
    {
        "append_only.enabled", "codec", "codec.compression_level", "derived_source.enabled", "knn",
        "knn.derived_source.enabled", "knn.remote_index_build.enabled", "knn.space_type",
        "load_fixed_bitset_filters_eagerly", "mapping.coerce", "mapping.ignore_malformed",
        "number_of_routing_shards", "number_of_shards", "replication.type",
        "routing_partition_size", "shard.check_on_startup", "soft_deletes.enabled", "sparse",
        "store.type",
    }
)  # fmt: skip
_STATIC_FAMILIES = ("analysis.", "similarity.", "sort.", "store.")

_UPDATABLE = frozenset(
    {
        "boost", "coerce", "copy_to", "eager_global_ordinals", "fielddata",
        "fielddata_frequency_filter", "ignore_above", "ignore_malformed", "ignore_z_value",
        "max_input_length", "meta", "search_analyzer", "search_quote_analyzer",
        "split_queries_on_whitespace",
    }
)  # fmt: skip
# Of the mappings as a whole: what a PUT changes, and what has to be said to set it back. Left
# out, it stays.
RESET: Mapping[str, Json] = {
    "_meta": {},
    "date_detection": True,
    "dynamic": "true",
    "dynamic_templates": [],
    "numeric_detection": False,
}
_ONLY_SET = frozenset({"dynamic_date_formats"})


def judge_change(
    path: Sequence[str | int],
    before: Json,
    after: Json,
    *,
    removed: bool,
    recorded: Mapping[str, Json],
) -> Verdict:
    """What a change below `configurations` needs; a whole part may be taken away as one.

    `recorded` is the configuration as it was, in the one spelling: only with it can a new field
    be told from a new parameter of an old one.
    """
    if removed and isinstance(before, Mapping) and before:
        parts = {
            judge_change((*path, key), item, None, removed=True, recorded=recorded)
            for key, item in before.items()
        }
        # One part that can't stay decides; what can't be cleared does only if it is alone.
        verdicts: tuple[Verdict, ...] = ("replace", "in_place", "keep")
        return next(verdict for verdict in verdicts if verdict in parts)
    return _judge_leaf(path, after, removed=removed, recorded=recorded)


def _judge_leaf(
    path: Sequence[str | int],
    after: Json,
    *,
    removed: bool,
    recorded: Mapping[str, Json],
) -> Verdict:
    where = names_in(path)
    if len(where) < 2:  # noqa: PLR2004
        return "in_place"
    if where[0] == "settings":
        return _setting(where[1:])
    if where[0] == "mappings":
        return _mapping(where[1:], after, removed=removed, recorded=section(recorded, "mappings"))
    return "in_place"


def _setting(where: Sequence[str]) -> Verdict:
    name = ".".join(where).removeprefix("index.")
    static = name in _STATIC or f"{name}.".startswith(_STATIC_FAMILIES)
    return "replace" if static else "in_place"


def _mapping(
    where: Sequence[str], after: Json, *, removed: bool, recorded: Mapping[str, Json]
) -> Verdict:
    field: Json = recorded
    depth = 0
    while depth + 1 < len(where) and where[depth] in ("properties", "fields"):
        below = field.get(where[depth])
        name = where[depth + 1]
        if not isinstance(below, Mapping) or not isinstance(below.get(name), Mapping):
            # A field that was not there: new ones can always be added.
            return "in_place"
        field = below[name]
        depth += 2
    rest = where[depth:]
    if not rest or rest[0] in ("properties", "fields"):
        return "replace" if removed else "in_place"
    if depth == 0:
        return _whole(rest[0], removed=removed)
    return _parameter(field, rest, after, removed=removed)


def _whole(name: str, *, removed: bool) -> Verdict:
    if name in RESET:
        return "in_place"
    if name in _ONLY_SET:
        return "keep" if removed else "in_place"
    return "replace"


def _parameter(
    field: Mapping[str, Json], rest: Sequence[str], after: Json, *, removed: bool
) -> Verdict:
    name = rest[0]
    if name == "dynamic":
        return "keep" if removed else "in_place"
    if name in _UPDATABLE:
        return "in_place"
    if name == "norms" and not removed and str(after).lower() == "false":
        return "in_place"
    if not removed and name != "type" and len(rest) == 1 and field.get(name) == after:
        # It was set so already: the server does not show what is its default.
        return "in_place"
    return "replace"
