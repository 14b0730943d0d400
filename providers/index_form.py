"""An index's configuration in one spelling: as posted, in whichever way, and as read back.

Settings are one tree below `index` with texts as values (NORMALISATION 5). It must not know
requests, or what a change needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowplan import lazy_json as json
from flowplan.errors import ProviderError
from flowplan.protocol import Flaw, Json
from flowplan.providers.normalise import text

__all__ = [
    "canonical",
    "flat_settings",
    "flaw_of",
    "known_configuration",
    "names_in",
    "nested_settings",
    "observed_configuration",
    "parsed",
    "read_configuration",
    "section",
    "unreadable",
]

PREFIX = "index."
# They say when and as what it was made; none can be set.
_MADE = ("creation_date", "creation_date_string", "uuid", "version", "provided_name", "history")


def parsed(value: Json) -> Json:
    """A JSON object, also one that is written as JSON text; anything else as it is.

    Flow Framework holds `configurations` as text, so templates have it both ways.
    """
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, dict) else value


def read_configuration(value: Json) -> Mapping[str, Json]:
    """`configurations` as an object. Raises `ProviderError` FP360 when it is none."""
    found = parsed({} if value is None else value)
    if not isinstance(found, Mapping):
        raise ProviderError.of(
            "FP360",
            "configurations is no JSON object",
            "It is neither an object nor text that holds one.",
            hint="Write it as an object below configurations, or correct its JSON text.",
        )
    return found


def known_configuration(inputs: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """The `configurations` of inputs in the one spelling; None where it can't be looked into."""
    found = parsed(inputs.get("configurations"))
    return canonical(found) if isinstance(found, Mapping) else None


def unreadable(value: Json) -> Flaw | None:
    """Why `configurations` can't be read as an object; None when they can."""
    if isinstance(parsed(value), Mapping):
        return None
    return Flaw(
        "configurations is no JSON object",
        "It is text, and not that of an object.",
        "write it as an object below configurations, or correct its JSON text",
    )


def flaw_of(value: Json) -> Flaw | None:
    """Why the `configurations` of an index can't be used; None when they can.

    OpenSearch takes one setting in two spellings and keeps either of them, so what was written
    could never be compared with what is there.
    """
    flaw = unreadable(value)
    found = parsed(value)
    settings = found.get("settings") if flaw is None else None
    if not isinstance(settings, Mapping):
        return flaw
    values: dict[str, Json] = {}
    for name, item in _flattened(settings):
        if values.setdefault(name, item) != item:
            return Flaw(
                f"the setting {name} is given twice, with different values",
                "Nested or dotted, with `index.` before it or not, it is one setting, and the "
                "cluster takes either value.",
                "remove one of the two",
            )
    return None


def canonical(configuration: Mapping[str, Json]) -> dict[str, Json]:
    """A configuration in the one spelling; its empty sections are left out."""
    made: dict[str, Json] = dict(configuration)
    if isinstance(made.get("settings"), Mapping):
        made["settings"] = nested_settings(flat_settings(made["settings"]))
    if isinstance(made.get("mappings"), Mapping):
        made["mappings"] = _object(made["mappings"])
    if isinstance(made.get("aliases"), Mapping):
        made["aliases"] = {name: _alias(item) for name, item in made["aliases"].items()}
    return {
        key: item
        for key, item in made.items()
        if item != {} and not (item is None and key in ("settings", "mappings", "aliases"))
    }


def _alias(value: Json) -> Json:
    """An alias as it is read back: one routing stands for both."""
    if not isinstance(value, Mapping):
        return {} if value is None else value
    routing = value.get("routing")
    both = {} if routing is None else {"index_routing": routing, "search_routing": routing}
    return {**both, **{key: item for key, item in value.items() if key != "routing"}}


def flat_settings(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Settings by their whole dotted name; null, which sets nothing, is left out.

    What is no JSON, a mark of the planner, is moved as it is.
    """
    return {name: item for name, item in _flattened(settings) if item is not None}


def _flattened(tree: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, Json]]:
    for key, item in tree.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping):
            yield from _flattened(item, f"{name}.")
        else:
            plain = (
                [_plain(part) for part in item] if isinstance(item, (list, tuple)) else _plain(item)
            )
            yield name if name.startswith(PREFIX) else f"{PREFIX}{name}", plain


def _plain(value: Json) -> Json:
    return text(value) if isinstance(value, (bool, int, float, dict, list)) else value


def nested_settings(flat: Mapping[str, Json]) -> dict[str, Json]:
    """The tree of dotted names; `index.knn` and `index.knn.x` stand side by side in it."""
    tree: dict[str, Any] = {}
    for name in sorted(flat):
        parts = name.split(".")
        level, last = tree, len(parts) - 1
        for depth, part in enumerate(parts):
            below = level.get(part)
            if depth == last or (part in level and not isinstance(below, dict)):
                level[".".join(parts[depth:])] = flat[name]
                break
            level = level.setdefault(part, {})
    return tree


def _object(mapping: Mapping[str, Json]) -> dict[str, Json]:
    """Mappings, or an object in them, as they are read back."""
    made = dict(mapping)
    if isinstance(made.get("dynamic"), bool):
        made["dynamic"] = text(made["dynamic"])
    if made.get("enabled") in ("true", "false"):
        made["enabled"] = made["enabled"] == "true"
    if isinstance(made.get("copy_to"), str):
        made["copy_to"] = [made["copy_to"]]
    if made.get("type") == "object" and made.get("properties"):
        del made["type"]
    for key in ("properties", "fields"):
        if isinstance(made.get(key), Mapping):
            made[key] = {
                name: _object(item) if isinstance(item, Mapping) else item
                for name, item in made[key].items()
            }
    if made.get("properties") == {}:
        del made["properties"]
    return made


def observed_configuration(
    document: Mapping[str, Json], wanted: Mapping[str, Json] | None
) -> dict[str, Json]:
    """What a read index says, without what changes by itself.

    `wanted` is the recorded configuration. Where documents may add fields to its mappings,
    fields that it does not have are left out: they come and go with the documents.
    """
    settings = {
        name: item
        for name, item in flat_settings(document.get("settings") or {}).items()
        if name.split(".")[1] not in _MADE
    }
    mappings = document.get("mappings") or {}
    if wanted is not None:
        mappings = _without_dynamic(mappings, wanted.get("mappings") or {}, "true")
    return canonical(
        {"settings": nested_settings(settings), "mappings": mappings,
         "aliases": document.get("aliases") or {}}
    )  # fmt: skip


def _without_dynamic(seen: Json, wanted: Json, inherited: str) -> Json:
    fields = seen.get("properties") if isinstance(seen, Mapping) else None
    if not isinstance(fields, Mapping) or not isinstance(wanted, Mapping):
        return seen
    dynamic = str(seen.get("dynamic", inherited)).lower()
    closed = dynamic in ("false", "strict")
    known = wanted.get("properties")
    known = known if isinstance(known, Mapping) else {}
    kept = {
        name: _without_dynamic(item, known.get(name, {}), dynamic)
        for name, item in fields.items()
        if closed or name in known
    }
    return {**seen, "properties": kept}


def section(configuration: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """A section of a configuration in the one spelling; empty where there is none."""
    found = configuration.get(name)
    return found if isinstance(found, Mapping) else {}


def names_in(path: Sequence[str | int]) -> tuple[str, ...]:
    """The texts of a path up to the first item of a list."""
    found: list[str] = []
    for part in path:
        if isinstance(part, int):
            break
        found.append(part)
    return tuple(found)
