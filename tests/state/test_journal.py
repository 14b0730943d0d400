from __future__ import annotations

import pytest

from flowplan.errors import StateError
from flowplan.protocol import Owned
from flowplan.state.journal import JournalWriter, header_of
from flowplan.state.model import ClusterIdentity, OutputRecord, ProvisionStatus


class MemoryLog:
    """Notes every call in order; fails from the time it is told to."""

    def __init__(self):
        self.calls = []
        self.broken = False

    def check(self):
        if self.broken:
            raise StateError.of("FP414", "broken")

    def append(self, entry):
        self.calls.append(entry)
        return len(self.calls)

    def commit(self, position):
        self.calls.append(("commit", position))

    def close(self):
        self.calls.append("close")


@pytest.fixture
def log():
    return MemoryLog()


@pytest.fixture
def journal(log):
    return JournalWriter(log)


def test_an_intent_is_committed_before_it_returns(journal, log, intent):
    journal.intent(intent())
    assert log.calls[0]["kind"] == "intent"
    assert log.calls[1] == ("commit", 1)


def test_results_are_written_and_not_waited_for(journal, log, record):
    journal.progress("i1", resource_id="r", owned=(Owned("model_group", "g"),))
    journal.done("i1", put=record())
    journal.done("i2", drop="a")
    journal.failed("i3", "FP313")
    journal.put(record())
    journal.drop("a")
    journal.status(ProvisionStatus("COMPLETED"))
    journal.output({"o": OutputRecord(1)})
    kinds = [entry["kind"] for entry in log.calls]
    assert kinds == ["progress", "done", "done", "failed", "put", "drop", "status", "output"]


def test_after_a_failure_an_intent_is_refused_unwritten(journal, log, intent):
    log.broken = True
    with pytest.raises(StateError):
        journal.intent(intent())
    assert log.calls == []


def test_after_a_failure_results_are_still_handed_over(journal, log):
    log.broken = True
    journal.done("i1")
    assert len(log.calls) == 1


def test_closing_closes_the_log(journal, log):
    journal.close()
    assert log.calls == ["close"]


def test_the_header_says_what_is_continued_and_for_what(state):
    entry = header_of(state(serial=7, cluster=ClusterIdentity("u", "e")), "destroy")
    header = entry["header"]
    assert (entry["kind"], entry["version"]) == ("header", 1)
    assert (header["serial"], header["lineage"]) == (7, "8xL8bowB8y25Tqfenm50")
    assert (header["workflow"], header["operation"]) == ("chat", "destroy")
    assert header["cluster"] == {"uuid": "u", "endpoint": "e"}
    assert header["started"].endswith("Z")
