"""What step types have in common: reading, comparing, and checking that a change took effect.

A base class, so that a family of steps is one file. Third parties may use it or satisfy
`flowplan.protocol.StepType` in their own way. It must not know any single step type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from flowplan.errors import Diagnostic, ProviderError
from flowplan.protocol import (
    Candidate,
    Change,
    Cluster,
    Holder,
    Intent,
    Json,
    Observed,
    Outputs,
    Owned,
    Record,
    Resource,
    StepSchema,
)
from flowplan.providers.documents import named, read_all_documents, read_documents
from flowplan.providers.normalise import alike

__all__ = ["Step", "changed_names", "seconds_of"]


class Step:
    """A step type that keeps one document a resource in an ML Commons collection.

    `collection` is the path's part ("connectors"), "" for a type that reads nothing.
    """

    name: str = ""
    kind: str = ""
    collection: str = ""
    schema: StepSchema = StepSchema({})

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs that are read back, as they were written."""
        specs = self.schema.inputs
        return {
            key: value
            for key, value in inputs.items()
            if key in specs and not specs[key].write_only and value is not None
        }

    def outputs_of(self, resource_id: str) -> Mapping[str, Json]:
        """Its id, unless a type says otherwise."""
        name = self.schema.resource_type
        return {name: resource_id} if name is not None else {}

    def fields(
        self, document: Mapping[str, Json], inputs: Mapping[str, Json] | None
    ) -> Mapping[str, Json]:
        """A document's fields under the names of the inputs; `inputs` are the recorded ones."""
        del inputs
        return {key: document[key] for key in self.schema.inputs if key in document}

    def fetch(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Json | None]:
        """The documents of this kind; see `flowplan.protocol.StepType.fetch`."""
        return read_documents(cluster, self.collection, ids) if self.collection else {}

    def observe(
        self, resource_id: str, document: Json | None, inputs: Mapping[str, Json] | None = None
    ) -> Observed | None:
        """What a fetched document says; see `flowplan.protocol.StepType.observe`."""
        if document is None:
            return None
        return Observed(resource_id, self.fields(document, inputs))

    def came_with(
        self, document: Json, inputs: Mapping[str, Json], notes: Mapping[str, Json]
    ) -> tuple[Owned, ...]:
        """Nothing comes into being beside it; see `flowplan.protocol.StepType.came_with`."""
        del document, inputs, notes
        return ()

    def read(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Observed | None]:
        """Fetch and observe in one."""
        documents = self.fetch(cluster, ids)
        return {key: self.observe(key, document) for key, document in documents.items()}

    def listing(self, cluster: Cluster) -> Mapping[str, Json]:
        """The documents of this kind; see `flowplan.protocol.StepType.listing`."""
        return read_all_documents(cluster, self.collection) if self.collection else {}

    def written(self, resource_id: str, document: Json) -> Mapping[str, Json] | None:
        """Nothing, unless a type says otherwise."""
        del resource_id, document
        return None

    def holders(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, Sequence[Holder]]:
        """Nobody, unless a type says otherwise."""
        del cluster, ids
        return {}

    def referrers(
        self, cluster: Cluster, made: Mapping[str, Mapping[str, Json]]
    ) -> Mapping[str, Sequence[Holder]]:
        """Nobody, unless a type says otherwise."""
        del cluster, made
        return {}

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """None, unless a type says otherwise."""
        del inputs
        return {}

    def judge(
        self, path: tuple[str | int, ...], before: Json, after: Json, *, removed: bool
    ) -> Literal["in_place", "replace", "keep"] | None:
        """As the schema says, unless a type says otherwise."""
        del path, before, after, removed
        return None

    def comparable(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """As they are written, unless a type says otherwise."""
        return inputs

    def judge_within(
        self,
        recorded: Mapping[str, Json],
        path: tuple[str | int, ...],
        before: Json,
        after: Json,
        *,
        removed: bool,
    ) -> Literal["in_place", "replace", "keep"] | None:
        """As the leaf alone is judged, unless a type says otherwise."""
        del recorded
        return self.judge(path, before, after, removed=removed)

    def losses(self, cluster: Cluster, ids: Sequence[str]) -> Mapping[str, str]:
        """Nothing to tell, unless a type says otherwise."""
        del cluster, ids
        return {}

    def effects(
        self, inputs: Mapping[str, Json], resource_id: str | None
    ) -> frozenset[tuple[str, str]]:
        """None, unless a type says otherwise."""
        del inputs, resource_id
        return frozenset()

    def prepare(
        self, cluster: Cluster, wanted: Mapping[str, Mapping[str, Json]], ours: frozenset[Owned]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Nothing, unless a type says otherwise."""
        del cluster, wanted, ours
        return {}

    def exclusive(self, inputs: Mapping[str, Json]) -> str | None:
        """Creates run side by side, unless a type says otherwise."""
        del inputs
        return None

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Make it; each type's own."""
        raise NotImplementedError

    def update(
        self,
        cluster: Cluster,
        resource: Resource,
        inputs: Mapping[str, Json],
        changes: Sequence[Change],
    ) -> Outputs:
        """Nothing can be changed in place, unless a type says otherwise."""
        del cluster, inputs, changes
        return Outputs(resource.outputs, resource.resource_id)

    def delete(self, cluster: Cluster, resource: Resource) -> None:
        """Nothing to delete, unless a type says otherwise."""

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """Resources of exactly the wanted name; whoever asks compares their content."""
        if not self.collection or "name" not in intent.expected:
            return ()
        found = named(cluster, self.collection, intent.expected["name"])
        return tuple(self.candidate(key, document, intent) for key, document in found)

    def candidate(
        self, resource_id: str, document: Mapping[str, Json], intent: Intent
    ) -> Candidate:
        """One found resource, as the reconciling compares it."""
        return Candidate(
            resource_id,
            self.fields(document, intent.expected),
            seconds_of(document, "created_time"),
        )

    def check(
        self,
        cluster: Cluster,
        resource_id: str,
        inputs: Mapping[str, Json],
        names: Sequence[str],
    ) -> None:
        """Read back and compare the inputs `names`: ML Commons ignores some changes silently.

        Raises `ProviderError` FP333 for a value that did not arrive, FP337 when it is gone.
        """
        document = self.fetch(cluster, [resource_id]).get(resource_id)
        if document is None:
            raise _gone(self.kind, resource_id)
        seen, wanted = self.fields(document, inputs), self.expect(inputs)
        for name in names:
            spec = self.schema.inputs.get(name)
            if spec is None or spec.write_only:
                continue
            # What is not expected at all has to be away: an emptied text, for example.
            arrived = alike(wanted[name], seen.get(name)) if name in wanted else not seen.get(name)
            if not arrived:
                raise _ignored(self.kind, resource_id, name)


def changed_names(changes: Sequence[Change]) -> tuple[str, ...]:
    """The inputs that changes are about, each once, in their order."""
    return tuple(dict.fromkeys(str(change.path[0]) for change in changes))


def seconds_of(document: Mapping[str, Json], key: str) -> float | None:
    """A time in milliseconds as seconds since the epoch; None where there is none."""
    value = document.get(key)
    return value / 1000 if isinstance(value, (int, float)) else None


def _noun(kind: str) -> str:
    return kind.replace("_", " ")


def _ignored(kind: str, resource_id: str, name: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP333",
            f"the cluster accepted a new {name} and ignored it",
            f"Read back, {_noun(kind)} {resource_id} has another {name} than was sent.",
            hint="Set the old value again, or give the node another id, so that it is made anew.",
        )
    )


def _gone(kind: str, resource_id: str) -> ProviderError:
    return ProviderError(
        Diagnostic(
            "error",
            "FP337",
            f"{_noun(kind)} {resource_id} is gone",
            "It was deleted while it was being changed.",
            hint="Run the command again: the next plan makes it anew.",
        )
    )
