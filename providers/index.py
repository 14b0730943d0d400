"""`create_index`: an index with settings, mappings and aliases.

It must not know what its documents are for, or who reads them. Sources: NORMALISATION 5 of the
measurements that the sandbox is built on, transcript 07.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from flowplan.errors import Refused
from flowplan.http_answers import not_understood
from flowplan.protocol import (
    Candidate,
    Change,
    Cluster,
    Holder,
    InputSpec,
    Intent,
    Json,
    Observed,
    Outputs,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.index_change import bring_about
from flowplan.providers.index_form import (
    canonical,
    flat_settings,
    flaw_of,
    known_configuration,
    nested_settings,
    observed_configuration,
    read_configuration,
    section,
)
from flowplan.providers.index_rules import judge_change
from flowplan.providers.named import chunks, existing, path_to_name
from flowplan.providers.normalise import alike
from flowplan.providers.references import by_id, in_agents, looked, names_of_indices
from flowplan.providers.step import Step

__all__ = ["STEPS", "CreateIndex"]

FORBIDDEN, NOT_FOUND = 403, 404
EXISTS = re.compile(r"(index \[.*\] already exists$)|already exists as alias", re.DOTALL)

_SCHEMA = StepSchema(
    inputs={
        "index_name": InputSpec(
            ("string",), required=True, description="Its name, which is its id."
        ),
        "configurations": InputSpec(
            ("object", "string"), required=True, set="in_place", remove="in_place",
            filled_in=True, flaw=flaw_of,
            description="settings, mappings and aliases, as an object or as JSON text. Settings "
            "that only a new index takes, and fields that can't be changed, make it anew.",
        ),
    },
    outputs=("index_name",),
    resource_type="index_name",
    timeout=10.0,
    listed=("index_name", "configurations"),
    create_before_destroy=False,
    holds_data=True,
    description="Creates an index. One that is there already is never overwritten.",
)  # fmt: skip


# What is so when nothing is said, and where an index says that it was made of another one.
_SILENT = {"index.replication.type": "DOCUMENT"}
_INHERITED = ("index.resize.", "index.routing.allocation.initial_recovery.")


class CreateIndex(Step):
    """An index. What it is made of is compared in one spelling; see `index_form`."""

    name = "create_index"
    kind = "index"
    schema = _SCHEMA

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them. Raises `ProviderError` FP360."""
        wanted = {key: inputs[key] for key in ("index_name",) if key in inputs}
        if "configurations" in inputs:
            wanted["configurations"] = canonical(read_configuration(inputs["configurations"]))
        return wanted

    def comparable(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs with their configuration in the one spelling, where it can be read."""
        found = known_configuration(inputs)
        return inputs if found is None else {**inputs, "configurations": found}

    def judge_within(
        self,
        recorded: Mapping[str, Json],
        path: tuple[str | int, ...],
        before: Json,
        after: Json,
        *,
        removed: bool,
    ) -> Literal["in_place", "replace", "keep"] | None:
        """What a change inside the configuration needs; see `index_rules`."""
        if path[0] != "configurations":
            return None
        was = known_configuration(recorded) or {}
        return judge_change(path[1:], before, after, removed=removed, recorded=was)

    def fetch(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Json | None]:
        """The indices of these names, one request for as many as a URL holds."""
        found: dict[str, Json | None] = dict.fromkeys(ids)
        for names in chunks(ids):
            answer = cluster.request(
                "GET", path_to_name("", names), params={"ignore_unavailable": "true"}
            ).body
            # An alias of that name leads to another index, which is not the one.
            found |= {name: answer[name] for name in names if name in (answer or {})}
        return found

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """All open indices but hidden ones and those whose names begin with a dot."""
        found = cluster.request("GET", "/*", params={"expand_wildcards": "open"}).body
        if not isinstance(found, Mapping):
            raise not_understood("GET /*", "It holds no indices.")
        return {
            name: document
            for name, document in sorted(found.items())
            if not name.startswith(".") and not _is_hidden(document)
        }

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Its name, and its settings, mappings and aliases as far as they can be given."""
        found = observed_configuration(document, None)
        settings = flat_settings(section(found, "settings"))
        kept = {
            name: item for name, item in settings.items()
            if not name.startswith(_INHERITED) and item != _SILENT.get(name)
        }  # fmt: skip
        configuration = {**found, "settings": nested_settings(kept)}
        return {"index_name": resource_id, "configurations": canonical(configuration)}

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """What the read index says, without what changes by itself."""
        if document is None:
            return None
        wanted = known_configuration(inputs or {})
        seen = observed_configuration(document, wanted)
        return Observed(resource_id, {"index_name": resource_id, "configurations": seen})

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The name, which the user gave."""
        return {"index_name": inputs["index_name"]} if "index_name" in inputs else {}

    def losses(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, str]:
        """How many documents each index has; nothing where counting is not allowed."""
        found: dict[str, str] = {}
        for names in chunks(ids):
            answer = cluster.request(
                "GET",
                f"{path_to_name('', names)}/_stats/docs",
                params={"ignore_unavailable": "true"},
                accept=(FORBIDDEN, NOT_FOUND),
            ).body
            indices = answer.get("indices") if isinstance(answer, Mapping) else None
            for name, stats in (indices or {}).items():
                count = stats["primaries"].get("docs", {}).get("count", 0)
                if name in names:
                    found[name] = f"{count:,} document{'' if count == 1 else 's'} would be lost"
        return found

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Make it as it is written. Raises `ProviderError` FP361 when there is one of that name.

        Not repeated on its own: the second answer would say that it exists.
        """
        name = str(inputs["index_name"])
        body = dict(read_configuration(inputs["configurations"]))
        try:
            cluster.request("PUT", path_to_name("", [name]), body=body, safe=False)
        except Refused as refused:
            found = EXISTS.search(refused.reason)
            if found is None:
                raise
            raise existing("index" if found[1] else "alias", name, refused.reason) from refused
        record(resource_id=name)
        return Outputs({"index_name": name}, name)

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Send what differs from the index as it is now, and read the settings back.

        Raises `InUse` FP362 for what only a new index takes, FP333 for what did not arrive,
        FP337 when it is gone.
        """
        name = str(resource.resource_id)
        wanted = canonical(read_configuration(inputs["configurations"]))
        before = known_configuration(resource.inputs) or {}
        bring_about(cluster, name, wanted, before)
        del changes
        return Outputs({"index_name": name}, name)

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """The agents whose tools read one, and the aliases that others gave it."""
        aliases = looked(cluster, "aliases", lambda: foreign_aliases(cluster, made))
        given = ((key, Holder("alias", name)) for key, names in aliases.items() for name in names)
        return by_id([*in_agents(cluster, made, names_of_indices), *given])

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Delete it with all its documents."""
        path = path_to_name("", [str(resource.resource_id)])
        cluster.request("DELETE", path, accept=(NOT_FOUND,))

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """The index of the wanted name, when it has what was wanted.

        The cluster makes a name once and shows defaults on top, so that more is no difference.
        """
        name = intent.expected.get("index_name")
        if not isinstance(name, str):
            return ()
        document = self.fetch(cluster, [name])[name]
        if document is None:
            return ()
        wanted = intent.expected.get("configurations")
        seen = observed_configuration(document, wanted if isinstance(wanted, Mapping) else None)
        fields = {"index_name": name, "configurations": wanted if _has(seen, wanted) else seen}
        return (Candidate(name, fields, _created(document)),)


def _has(seen: Mapping[str, Json], wanted: Json) -> bool:
    """Whether an index has the wanted settings, fields of the wanted types, and aliases."""
    if not isinstance(wanted, Mapping):
        return True
    settings = flat_settings(section(wanted, "settings"))
    there = flat_settings(section(seen, "settings"))
    # A digest stands for a secret; it can't be compared here, and the name is enough.
    same = all(there.get(key) == item for key, item in settings.items() if "$" not in key)
    return (
        same
        and alike(_types(section(wanted, "mappings")), _types(section(seen, "mappings")))
        and set(section(wanted, "aliases")) <= set(section(seen, "aliases"))
    )


def _types(mapping: Mapping[str, Json]) -> dict[str, Json]:
    fields = mapping.get("properties")
    if not isinstance(fields, Mapping):
        return {"type": mapping["type"]} if "type" in mapping else {}
    return {
        name: _types(item) if isinstance(item, Mapping) else item for name, item in fields.items()
    }


def foreign_aliases(
    cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
) -> Mapping[str, Sequence[str]]:
    """The aliases of these indices that their recorded inputs do not have, by index."""
    found: dict[str, Sequence[str]] = {}
    for names in chunks([*made]):
        path = f"{path_to_name('', names)}/_alias"
        # An index that is gone has no aliases; what is left of the answer says so.
        params = {"ignore_unavailable": "true"}
        answer = cluster.request("GET", path, params=params, accept=(NOT_FOUND,)).body
        for name in names:
            document = answer.get(name) if isinstance(answer, Mapping) else None
            ours = section(known_configuration(made[name]) or {}, "aliases")
            there = document.get("aliases", {}) if isinstance(document, Mapping) else {}
            found[name] = sorted(set(there) - set(ours))
    return found


def _is_hidden(document: Mapping[str, Json]) -> bool:
    settings = flat_settings(document.get("settings") or {})
    return settings.get("index.hidden") == "true"


def _created(document: Mapping[str, Json]) -> float | None:
    settings = flat_settings(document.get("settings") or {})
    made = str(settings.get("index.creation_date", ""))
    return int(made) / 1000 if made.isdigit() else None


STEPS = (CreateIndex(),)
