"""Who on a cluster names a resource: agents, pipelines and index settings, read in bulk.

What step types compose their `referrers` from. Each kind is read once whatever the number of
resources, and what this account may not read is told and not an error: to know who uses a
resource is good, and no plan hangs on it. It must not know plans or states.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from flowplan.errors import ProviderError, Unreachable
from flowplan.pattern import pattern
from flowplan.protocol import Cluster, Holder, Json
from flowplan.providers.documents import read_all_documents
from flowplan.providers.index_form import flat_settings

__all__ = [
    "Found",
    "by_id",
    "in_agents",
    "in_index_settings",
    "in_pipelines",
    "looked",
    "names_of_indices",
    "words",
]

Found: TypeAlias = Iterable[tuple[str, Holder]]
"""Ids with somebody who uses them, in any order."""
Reader: TypeAlias = Callable[[Json], Collection[str]]
"""What a document names."""
T = TypeVar("T")

NOT_FOUND = 404
NO_SUCH_API = "FP317"
PIPELINES = {"ingest_pipeline": "/_ingest/pipeline", "search_pipeline": "/_search/pipeline"}
_WORD = pattern(r"[\w-]+")
_LISTED = pattern(r"""[^\s,"'\[\]]+""")


def by_id(found: Found) -> dict[str, list[Holder]]:
    """The holders of each id, each once."""
    grouped: dict[str, list[Holder]] = {}
    for key, holder in found:
        holders = grouped.setdefault(key, [])
        if holder not in holders:
            holders.append(holder)
    return grouped


def looked(cluster: Cluster, what: str, look: Callable[[], Mapping[str, T]]) -> Mapping[str, T]:
    """What `look` finds; nothing, and a note, where the cluster does not let this account see it.

    A cluster without such an API has nothing of it. Raises `Unreachable`.
    """
    try:
        return look()
    except Unreachable:
        raise
    except ProviderError as error:
        said = error.diagnostics[0]
        if said.code != NO_SUCH_API:
            cluster.note(f"{what} could not be looked at: {said.summary}")
        return {}


def words(document: Json) -> set[str]:
    """Every word of a document's texts: ids that ML Commons makes are whole words in them.

    An agent's parameters are kept as text, also those that hold a list of ids.
    """
    return {word for _, text in _texts(document, "") for word in _WORD.findall(text)}


def names_of_indices(document: Json) -> set[str]:
    """What stands under a key that speaks of an index, one name or a list of them.

    Names of indices are ordinary words, so that they count only there.
    """
    return {
        name
        for key, text in _texts(document, "")
        if "index" in key.lower() or "indices" in key.lower()
        for name in _LISTED.findall(text)
    }


def in_agents(cluster: Cluster, ids: Collection[str], named: Reader = words) -> Found:
    """The agents that name one of `ids`, by one search."""
    agents = looked(cluster, "agents", lambda: read_all_documents(cluster, "agents"))
    for agent_id, agent in sorted(agents.items()):
        for key in sorted(_among(ids, named(agent)) - {agent_id}):
            yield key, Holder("agent", agent_id, str(agent.get("name", "")))


def in_pipelines(cluster: Cluster, kind: str, ids: Collection[str], named: Reader = words) -> Found:
    """The ingest or search pipelines, as `kind` says, whose body names one of `ids`."""
    pipelines = looked(cluster, f"{kind.replace('_', ' ')}s", lambda: _pipelines(cluster, kind))
    for name, body in sorted(pipelines.items()):
        for key in sorted(_among(ids, named(body)) - {name}):
            yield key, Holder(kind, name)


def in_index_settings(cluster: Cluster, settings: Collection[str], names: Collection[str]) -> Found:
    """The indices that have one of the pipelines `names` in one of these settings."""

    def read() -> Mapping[str, Json]:
        chosen = ",".join(f"*.settings.{setting}" for setting in settings)
        params = {"expand_wildcards": "all", "filter_path": chosen}
        # Every index of the cluster, but of each no more than these settings.
        return dict(cluster.request("GET", "/*/_settings", params=params).body or {})

    for index, document in sorted(looked(cluster, "index settings", read).items()):
        flat = flat_settings(document.get("settings") or {})
        for name in sorted(_among(names, {flat.get(setting) for setting in settings})):
            yield name, Holder("index", index)


def _pipelines(cluster: Cluster, kind: str) -> Mapping[str, Json]:
    # Without any pipeline the answer is 404.
    answer = cluster.request("GET", PIPELINES[kind], accept=(NOT_FOUND,))
    found = answer.body if answer.status != NOT_FOUND else {}
    return found if isinstance(found, Mapping) else {}


def _among(ids: Collection[str], named: Collection[object]) -> set[str]:
    return {key for key in ids if key in named}


def _texts(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """Every text in a document, with the key that it stands under."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value
