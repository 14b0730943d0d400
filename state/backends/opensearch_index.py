"""Documents of one index: read, created, compared and swapped; and the cluster's clock.

What the cluster refuses becomes a `StateError` here. This module must not know what the
documents mean.

Reads go to the primary copy by id. So they see every write that was acknowledged; a search
would see it after the next refresh only, and a replica may lag where replication is by segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias
from urllib.parse import quote

from flowplan.dataclass import dataclass
from flowplan.errors import AnswerLost, FlowplanError, ProviderError, Refused, StateError
from flowplan.http import Connection
from flowplan.protocol import Response

__all__ = ["Documents", "Found", "Version"]

Json: TypeAlias = Any

MARK = {"format": 1}
CHUNK = 100
LIMIT = 40.0
_CHECK = "Check the URL of the state, with ?tls=true or ?tls=false, and that its cluster is up."
_PRIMARY = {"preference": "_primary"}
_FORBIDDEN, _MISSING, _CONFLICT, _EXISTS = frozenset({401, 403}), 404, 409, 400
_SETTINGS = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "hidden": True,
    # The default, and not to be overruled by a template: what is acknowledged outlives a power cut.
    "translog": {"durability": "request"},
}
# Nothing but the date is indexed, and no document has it: the clock asks for its range.
_MAPPINGS = {
    "dynamic": False,
    "_meta": {"flowplan": MARK},
    "properties": {"clock": {"type": "date"}},
}
_CLOCK = {
    "size": 0,
    "aggs": {"clock": {"date_range": {"field": "clock", "ranges": [{"from": "now"}]}}},
}


@dataclass(frozen=True, slots=True)
class Version:
    """Which write of a document this is."""

    number: int
    term: int


@dataclass(frozen=True, slots=True)
class Found:
    """A document as it was read."""

    source: Json
    version: Version


class Documents:
    """The documents of `index`. Every method raises `StateError` FP450 to FP453."""

    def __init__(self, connection: Connection, index: str, location: str) -> None:
        self._connection = connection
        self._index = index
        self._location = location

    def get(self, name: str) -> Found | None:
        """One document; None when it or the index is not there."""
        answer = self._ask("GET", self._path("_doc", name), params=_PRIMARY, accept=(_MISSING,))
        with self._as_known():
            if answer.status == _MISSING:
                return self._gone(answer.body)
            return Found(answer.body["_source"], _version(answer.body))

    def many(self, names: Sequence[str]) -> dict[str, Json]:
        """The sources of those that are there, in as few requests as are good for a node."""
        found: dict[str, Json] = {}
        for start in range(0, len(names), CHUNK):
            answer = self._ask(
                "POST",
                f"/{self._index}/_mget",
                body={"ids": list(names[start : start + CHUNK])},
                params=_PRIMARY,
            )
            with self._as_known():
                for item in answer.body["docs"]:
                    if "error" in item:
                        raise self._refused(item["error"]["reason"], None)
                    if item["found"]:
                        found[item["_id"]] = item["_source"]
        return found

    def put(self, name: str, source: Json, seen: Version | None) -> Version | None:
        """Write a document that is still as `seen`, or, for None, not there; None if it isn't so.

        A request whose answer was lost is repeated, and then finds its own write there: the
        caller has to tell that from somebody else's.
        """
        where, params = "_create", None
        if seen is not None:
            where = "_doc"
            params = {"if_seq_no": str(seen.number), "if_primary_term": str(seen.term)}
        answer = self._ask(
            "PUT", self._path(where, name), body=source, params=params, accept=(_CONFLICT,)
        )
        with self._as_known():
            return None if answer.status == _CONFLICT else _version(answer.body)

    def drop(self, name: str) -> None:
        """Delete a document; it may be gone already."""
        self._ask("DELETE", self._path("_doc", name), accept=(_MISSING,))

    def now(self) -> float:
        """The cluster's time, in seconds since 1970.

        What a search takes "now" for: no permission but to read, no script, no document.
        """
        path = f"/{self._index}/_search"
        answer = self._ask("POST", path, body=_CLOCK, params={"request_cache": "false"})
        with self._as_known():
            return float(answer.body["aggregations"]["clock"]["buckets"][0]["from"]) / 1000

    def prepare(self) -> None:
        """Make the index unless it is there. Raises `StateError` FP453 if it is another's."""
        found = self._ask("GET", f"/{self._index}", accept=(_MISSING,))
        if found.status == _MISSING:
            body = {"settings": {"index": _SETTINGS}, "mappings": _MAPPINGS}
            self._ask("PUT", f"/{self._index}", body=body, accept=(_EXISTS,))
            found = self._ask("GET", f"/{self._index}")
        with self._as_known():
            (index,) = found.body.values()
            ours = "flowplan" in index["mappings"].get("_meta", {})
            settings = index["settings"]["index"]
        if not ours:
            raise self._unfit(
                f"The index {self._index} was made by somebody else, for something else.",
                "Name an index that is not there yet: flowplan makes it.",
            )
        if settings.get("translog", {}).get("durability") == "async":
            raise self._unfit(
                f"The index {self._index} acknowledges writes that a power cut still takes away.",
                f"Set index.translog.durability of {self._index} to request.",
            )

    def _path(self, what: str, name: str) -> str:
        return f"/{self._index}/{what}/{quote(name, safe='')}"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Json = None,
        params: dict[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Response:
        # Everything here may be repeated: writes are compared and swapped, or have names of
        # their own.
        cluster = self._connection.operation(timeout=LIMIT)
        try:
            return cluster.request(method, path, body=body, params=params, safe=True, accept=accept)
        except Refused as error:
            raise self._refused(error.diagnostics[0].detail, error.status) from None
        except ProviderError as error:
            raise self._unreachable(error) from None

    @staticmethod
    def _gone(body: Json) -> None:
        """Make sure that it is OpenSearch that says so: a state would pass for new otherwise."""
        document = body.get("found") is False
        if not document and body["error"]["type"] != "index_not_found_exception":
            raise LookupError

    @contextmanager
    def _as_known(self) -> Iterator[None]:
        """Read an answer that may be of another form than OpenSearch's."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError):
            raise StateError.of(
                "FP450",
                f"{self._location} can't be reached",
                "What answers there is not OpenSearch.",
                hint=_CHECK,
            ) from None

    def _unfit(self, why: str, hint: str) -> FlowplanError:
        return StateError.of("FP453", f"{self._location} is no place for states", why, hint=hint)

    def _refused(self, said: str, status: int | None) -> FlowplanError:
        if status in _FORBIDDEN:
            return StateError.of(
                "FP451",
                f"{self._location} gives no access ({status})",
                said,
                hint="Set FLOWPLAN_STATE_USERNAME and FLOWPLAN_STATE_PASSWORD, or another kind of"
                f" credentials, to an account that may read and write {self._index}.",
            )
        return StateError.of(
            "FP452",
            f"{self._location} refused a request" + (f" ({status})" if status else ""),
            said,
            hint="Once the cause is put right, run the same command again.",
        )

    def _unreachable(self, error: ProviderError) -> FlowplanError:
        problem = error.diagnostics[0]
        # Certificates and proxies are said in the same words; the endpoint is another one here.
        known = problem.hint and "--endpoint" not in problem.hint
        hint = problem.hint if known and not isinstance(error, AnswerLost) else _CHECK
        summary = f"{self._location} can't be reached"
        detail = problem.detail or problem.summary
        return StateError.of("FP450", summary, detail, hint=hint)


def _version(body: Json) -> Version:
    return Version(body["_seq_no"], body["_primary_term"])
