"""A state in OpenSearch: on a stand-in, and on a real node where `-m live` asks for one.

Every request goes through a relay that can hold it up, lose its answer or swallow it, so that
whatever may happen in between is done in between, step by step.
"""

from __future__ import annotations

import json
import os
import random
import threading
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from flowplan.errors import FlowplanError, LockLost, StateError
from flowplan.http import open_connection
from flowplan.state.backends.opensearch import REMEMBERED, SPILL, OpenSearchStore
from flowplan.state.backends.opensearch_index import Documents
from flowplan.state.backends.store import Stored
from flowplan.state.lock import here
from tests.live.relay import Relay, relayed
from tests.state.backends.document_service import document_service

EXPIRED, LONG = -1.0, 600.0
ME, OTHER = here("apply"), here("destroy")


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.live)])
def upstream(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where documents are kept, as a URL."""
    if request.param == "real":
        yield request.getfixturevalue("node")
        return
    with document_service() as service:
        yield service.url


@pytest.fixture
def relay(upstream: str) -> Iterator[Relay]:
    """What stands before it."""
    with relayed(upstream) as relay:
        yield relay


@pytest.fixture
def index(upstream: str) -> Iterator[str]:
    """The name of an index that is not there yet."""
    name = f"flowplan-{uuid.uuid4().hex[:12]}"
    yield name
    ask(upstream, "DELETE", f"/{name}")


@pytest.fixture
def make(relay: Relay, index: str) -> Callable[[], OpenSearchStore]:
    """Another process's way to the same state."""
    return lambda: store_at(relay, f"/{index}")


@pytest.fixture
def store(make: Callable[[], OpenSearchStore]) -> OpenSearchStore:
    """The way to a state that is not there yet."""
    return make()


@pytest.fixture
def held(store: OpenSearchStore) -> OpenSearchStore:
    """The same at work on serial 1 with a begun journal, with a lease that ran out already."""
    assert store.acquire(ME, EXPIRED) is None
    store.save(ME.id, b"one", 1, 0)
    store.begin(ME.id, b"header\n")
    store.append(ME.id, b"line 1\n")
    return store


def store_at(relay: Relay, path: str) -> OpenSearchStore:
    return OpenSearchStore.at(f"opensearch://{urlsplit(relay.url).netloc}{path}", {})


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    """What the cluster itself says; None where it says no."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url + path, sent, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return None


def before(relay: Relay, step: int, act: Callable[[], object]) -> None:
    """Do this while the changing request that is `step` from now is on its way."""
    number = len(relay.seen) + step

    def at(found: int) -> None:
        if found == number:
            act()

    relay.before = at


def lose(relay: Relay, step: int, act: Callable[[], object] = lambda: None) -> None:
    """Do this once that request has taken effect, then lose its answer."""
    number = len(relay.seen) + step

    def at(found: int) -> None:
        if found == number:
            act()

    relay.after = at
    relay.drop = lambda found: found == number


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(FlowplanError) as caught:
        action()
    return caught.value.diagnostics[0].code


BIG = b"x" * SPILL + b"\n"
# Each write, and how many changing requests it sends.
WRITES: dict[str, tuple[Callable[[OpenSearchStore], None], int]] = {
    "begin": (lambda store: store.begin(ME.id, b"new header\n"), 1),
    "append": (lambda store: store.append(ME.id, b"line 2\n"), 1),
    "append-a-part": (lambda store: store.append(ME.id, BIG), 2),
    "save": (lambda store: store.save(ME.id, b"two", 2, 1), 2),
    "renew": (lambda store: store.renew(ME.id, LONG), 1),
}
STEPS = [(name, step + 1) for name, (_, steps) in WRITES.items() for step in range(steps)]
AFTER: dict[str, Stored] = {
    "begin": Stored(b"one", b"new header\n"),
    "append": Stored(b"one", b"header\nline 1\nline 2\n"),
    "append-a-part": Stored(b"one", b"header\nline 1\n" + BIG),
    "save": Stored(b"two", b""),
    "renew": Stored(b"one", b"header\nline 1\n"),
}


def content(store: OpenSearchStore) -> Stored:
    found = store.read()
    return Stored(found.document, found.journal)


def holder(store: OpenSearchStore) -> str | None:
    lease = store.read().lease
    return None if lease is None else lease.holder.id


# What a store does


def test_a_new_place_holds_nothing(store: OpenSearchStore) -> None:
    assert store.read() == Stored()


def test_reading_makes_no_index(store: OpenSearchStore, upstream: str, index: str) -> None:
    store.read()
    assert ask(upstream, "GET", f"/{index}") is None


def test_bytes_come_back_as_they_were(
    store: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    document, header = bytes(range(256)) * 9, b'{"a":"\xc3\xa4"}\n'
    store.acquire(ME, LONG)
    store.save(ME.id, document, 1, 0)
    store.begin(ME.id, header)
    store.append(ME.id, b"\n\n")
    assert content(make()) == Stored(document, header + b"\n\n")


def test_a_state_of_5_mb_comes_back_as_it_was(store: OpenSearchStore) -> None:
    document = os.urandom(5_000_000)
    store.acquire(ME, LONG)
    store.save(ME.id, document, 1, 0)
    assert store.read().document == document


def test_saving_drops_the_journal(held: OpenSearchStore) -> None:
    held.save(ME.id, b"two", 2, 1)
    assert content(held) == Stored(b"two", b"")


def test_a_new_journal_takes_the_place_of_the_one_before(held: OpenSearchStore) -> None:
    held.append(ME.id, BIG)
    held.begin(ME.id, b"h\n")
    assert content(held) == Stored(b"one", b"h\n")


def test_a_long_journal_lies_in_parts_and_comes_back_in_order(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    lines = [b"%d %b\n" % (number, b"x" * (SPILL // 3)) for number in range(310)]
    for line in lines:
        held.append(ME.id, line)
    assert make().read().journal == b"header\nline 1\n" + b"".join(lines)


def test_an_append_is_one_request(held: OpenSearchStore, relay: Relay) -> None:
    count = len(relay.seen)
    for _ in range(10):
        held.append(ME.id, b"line\n")
    assert len(relay.seen) == count + 10


def test_a_save_on_another_serial_is_refused(held: OpenSearchStore) -> None:
    assert code_of(lambda: held.save(ME.id, b"three", 3, 2)) == "FP410"
    assert content(held) == Stored(b"one", b"header\nline 1\n")


def test_the_document_before_is_kept_and_older_ones_go(
    held: OpenSearchStore, upstream: str, index: str
) -> None:
    held.append(ME.id, BIG)
    for serial in range(2, 6):
        held.save(ME.id, b"%d" % serial, serial, serial - 1)
    ask(upstream, "POST", f"/{index}/_refresh", {})
    head = ask(upstream, "GET", f"/{index}/_doc/default")["_source"]
    kept = ask(upstream, "GET", f"/{index}/_doc/default:{head['previous']['part']}")
    assert (head["document"]["serial"], head["previous"]["serial"]) == (5, 4)
    assert kept is not None
    assert stale(upstream, index, held) == 0


def stale(upstream: str, index: str, store: OpenSearchStore) -> int:
    """How many of the parts that were named to be deleted are there after the next write."""
    store.renew(ME.id, LONG)
    head = ask(upstream, "GET", f"/{index}/_doc/default")["_source"]
    return len(head["trash"])


def test_what_could_not_be_deleted_is_deleted_after_the_next_save(
    held: OpenSearchStore, relay: Relay, upstream: str, index: str
) -> None:
    held.save(ME.id, b"two", 2, 1)
    relay.swallow = lambda number: relay.seen[number - 1].startswith("DELETE")
    held.save(ME.id, b"three", 3, 2)
    assert stale(upstream, index, held) == 1
    relay.swallow = lambda _: False
    held.save(ME.id, b"four", 4, 3)
    assert stale(upstream, index, held) == 0


def test_states_of_different_keys_have_nothing_in_common(
    relay: Relay, index: str, held: OpenSearchStore
) -> None:
    second = store_at(relay, f"/{index}?key=chat.prod")
    assert second.read() == Stored()
    assert second.acquire(OTHER, LONG) is None
    second.save(OTHER.id, b"other", 1, 0)
    assert content(held) == Stored(b"one", b"header\nline 1\n")
    assert holder(held) == ME.id


# The lease


def test_whoever_comes_second_is_told_who_is_there(
    store: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    assert store.acquire(ME, LONG) is None
    there = make().acquire(OTHER, LONG)
    assert there is not None
    assert there.holder.as_json() == ME.as_json()
    assert 0 <= there.age < 60
    assert (there.ttl, there.expired) == (LONG, False)


def test_a_lease_that_was_given_back_is_free(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    held.release(ME.id)
    assert held.read().lease is None
    assert make().acquire(OTHER, LONG) is None


def test_giving_back_a_lease_that_is_somebody_elses_does_nothing(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    make().acquire(OTHER, LONG)
    held.release(ME.id)
    assert holder(held) == OTHER.id


def test_giving_back_what_was_never_there_does_nothing(store: OpenSearchStore) -> None:
    store.release(ME.id)
    assert store.read() == Stored()


def test_a_renewed_lease_is_not_expired(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    held.renew(ME.id, LONG)
    assert make().acquire(OTHER, LONG) is not None


def test_who_takes_an_expired_lease_has_document_and_journal(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore]
) -> None:
    second = make()
    assert second.acquire(OTHER, LONG) is None
    second.append(OTHER.id, b"line 2\n")
    assert content(held) == Stored(b"one", b"header\nline 1\nline 2\n")


def test_only_one_of_many_gets_the_lease(make: Callable[[], OpenSearchStore]) -> None:
    results: list[object] = []

    def work() -> None:
        results.append(make().acquire(here("apply"), LONG))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8
    assert results.count(None) == 1


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_once_somebody_has_taken_the_lease(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore], name: str
) -> None:
    make().acquire(OTHER, LONG)
    with pytest.raises(LockLost) as caught:
        WRITES[name][0](held)
    assert caught.value.diagnostics[0].code == "FP502"
    assert OTHER.who in caught.value.diagnostics[0].detail
    assert (content(held), holder(held)) == (Stored(b"one", b"header\nline 1\n"), OTHER.id)


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_once_the_lease_was_given_back(held: OpenSearchStore, name: str) -> None:
    held.release(ME.id)
    with pytest.raises(LockLost, match="FP502"):
        WRITES[name][0](held)
    assert content(held) == Stored(b"one", b"header\nline 1\n")


# What happens while a request is on its way


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_write_that_was_held_up_has_no_effect_after_a_takeover(
    held: OpenSearchStore,
    make: Callable[[], OpenSearchStore],
    relay: Relay,
    name: str,
    step: int,
) -> None:
    second = make()
    before(relay, step, lambda: second.acquire(OTHER, LONG))
    with pytest.raises(LockLost):
        WRITES[name][0](held)
    assert (content(held), holder(held)) == (Stored(b"one", b"header\nline 1\n"), OTHER.id)


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_write_that_was_held_up_has_no_effect_after_all_that_a_successor_did(
    held: OpenSearchStore,
    make: Callable[[], OpenSearchStore],
    relay: Relay,
    name: str,
    step: int,
) -> None:
    second = make()

    def succeed() -> None:
        second.acquire(OTHER, LONG)
        second.save(OTHER.id, b"theirs", 2, 1)
        second.begin(OTHER.id, b"their header\n")
        second.save(OTHER.id, b"theirs, too", 3, 2)
        second.begin(OTHER.id, b"their header\n")
        second.release(OTHER.id)

    before(relay, step, succeed)
    with pytest.raises(LockLost):
        WRITES[name][0](held)
    assert (content(held), holder(held)) == (Stored(b"theirs, too", b"their header\n"), None)


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_write_whose_answer_was_lost_is_done_once(
    held: OpenSearchStore, relay: Relay, name: str, step: int
) -> None:
    lose(relay, step)
    WRITES[name][0](held)
    assert content(held) == AFTER[name]
    held.append(ME.id, b"more\n")
    assert held.read().journal == AFTER[name].journal + b"more\n"


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_took_effect_before_the_takeover_is_told_as_done(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore], relay: Relay, name: str
) -> None:
    write, steps = WRITES[name]
    second = make()
    # Renewed, it can't be taken over: it is given back by hand then.
    lose(relay, steps, lambda: (second.release(ME.id), second.acquire(OTHER, LONG)))
    write(held)
    assert (content(held), holder(held)) == (AFTER[name], OTHER.id)
    with pytest.raises(LockLost):
        held.append(ME.id, b"more\n")


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("lines", [b"line 2\n", BIG], ids=["short", "long"])
def test_lines_that_are_sent_again_after_a_failure_are_there_once(
    held: OpenSearchStore,
    make: Callable[[], OpenSearchStore],
    relay: Relay,
    lines: bytes,
    arrives: bool,
) -> None:
    if arrives:
        relay.drop = lambda _: True
    else:
        relay.swallow = lambda _: True
    assert code_of(lambda: held.append(ME.id, lines)) == "FP450"
    relay.drop = relay.swallow = lambda _: False
    renewer = make()
    for _ in range(REMEMBERED + 1):
        renewer.renew(ME.id, LONG)
    held.append(ME.id, lines)
    held.append(ME.id, lines)
    assert held.read().journal == b"header\nline 1\n" + lines * 2


def test_a_lease_whose_answer_was_lost_is_ours(
    store: OpenSearchStore, relay: Relay, make: Callable[[], OpenSearchStore]
) -> None:
    make().acquire(OTHER, EXPIRED)
    lose(relay, 1)
    assert store.acquire(ME, LONG) is None
    assert holder(store) == ME.id


def test_who_was_overtaken_while_taking_the_lease_is_told_by_whom(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore], relay: Relay
) -> None:
    third = make()
    before(relay, 1, lambda: third.acquire(OTHER, LONG))
    there = make().acquire(here("apply"), LONG)
    assert there is not None
    assert there.holder.id == OTHER.id


def test_lines_and_renewals_of_one_lock_from_two_sides_lose_nothing(
    held: OpenSearchStore, make: Callable[[], OpenSearchStore], relay: Relay
) -> None:
    renewer = make()
    before(relay, 1, lambda: renewer.renew(ME.id, LONG))
    held.append(ME.id, b"line 2\n")
    lose(relay, 1, lambda: renewer.renew(ME.id, LONG))
    held.append(ME.id, b"line 3\n")
    assert content(held) == Stored(b"one", b"header\nline 1\nline 2\nline 3\n")


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_holder_that_dies_on_the_way_leaves_what_was_there(
    held: OpenSearchStore,
    make: Callable[[], OpenSearchStore],
    relay: Relay,
    name: str,
    step: int,
) -> None:
    class Dead(BaseException):
        """The process is gone."""

    class Dying(Documents):
        left = step

        def put(self, *arguments: Any) -> Any:
            self.left -= 1
            if not self.left:
                raise Dead
            return super().put(*arguments)

    place = held.location.rpartition("/")[2]
    dying = Dying(open_connection(relay.url, environ={}), place, held.location)
    with pytest.raises(Dead):
        WRITES[name][0](OpenSearchStore(dying, "default", held.location))
    second = make()
    assert second.acquire(OTHER, LONG) is None
    assert content(second) == Stored(b"one", b"header\nline 1\n")


def test_a_reader_sees_one_moment_while_the_state_is_replaced(
    held: OpenSearchStore, relay: Relay
) -> None:
    class Slow(Documents):
        turns = 0

        def many(self, names: Any) -> dict[str, Any]:
            self.turns += 1
            if self.turns == 1:
                held.append(ME.id, BIG)
                held.save(ME.id, b"two", 2, 1)
                held.save(ME.id, b"three", 3, 2)
                held.begin(ME.id, b"h\n")
            return super().many(names)

    place = held.location.rpartition("/")[2]
    slow = Slow(open_connection(relay.url, environ={}), place, held.location)
    assert content(OpenSearchStore(slow, "default", held.location)) == Stored(b"three", b"h\n")


def test_threads_append_renew_and_read_with_one_store(held: OpenSearchStore) -> None:
    problems: list[Exception] = []

    def run(work: Callable[[int], object]) -> None:
        try:
            for number in range(25):
                work(number)
        except Exception as error:  # noqa: BLE001 - whatever it is
            problems.append(error)

    works: list[Callable[[int], object]] = [
        lambda _: held.read(),
        lambda _: held.renew(ME.id, LONG),
        *(
            lambda number, name=name: held.append(ME.id, b"%d-%d\n" % (name, number))
            for name in range(4)
        ),
    ]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    lines = held.read().journal.splitlines()[2:]
    assert sorted(lines) == sorted(b"%d-%d" % (a, b) for a in range(4) for b in range(25))
    for name in range(4):
        own = [int(line.split(b"-")[1]) for line in lines if line.startswith(b"%d-" % name)]
        assert own == sorted(own)


class Turmoil:
    """Several at work at once, one of whom holds the lease, and what must be there then."""

    def __init__(self, make: Callable[[], OpenSearchStore], relay: Relay, seed: int) -> None:
        self.random = random.Random(seed)
        self.stores = {name: make() for name in "abcd"}
        self.holders = {name: replace(here("apply"), id=name) for name in "abcd"}
        self.document, self.serial, self.journal = b"", 0, b""
        self.done = self.refused = 0
        self.inside, self.acting = False, ""
        relay.before = lambda _: self.between()
        relay.after = lambda _: self.between()
        relay.drop = lambda _: not self.inside and self.random.random() < 0.05

    def between(self) -> None:
        """Now and then somebody else takes the lease while a request is on its way."""
        if not self.inside and self.random.random() < 0.1:
            self.inside = True
            self.take(self.random.choice([name for name in "abcd" if name != self.acting]))
            self.inside = False

    def take(self, name: str) -> None:
        # Whoever takes it begins anew with what is there, as a command does.
        self.stores[name].acquire(self.holders[name], EXPIRED)

    def act(self, number: int) -> None:
        name, line = self.random.choice("abcd"), b"%d\n" % number
        self.acting, store, serial = name, self.stores[name], self.serial
        what = self.random.choice(["append"] * 5 + ["part", "begin", "save", "renew", "take"])
        try:
            if what == "take":
                self.take(name)
            elif what == "renew":
                store.renew(name, EXPIRED)
            elif what == "begin":
                store.begin(name, line)
                self.journal = line
            elif what == "save":
                store.save(name, line, serial + 1, serial)
                self.document, self.serial, self.journal = line, serial + 1, b""
            else:
                lines = line if what == "append" else BIG + line
                store.append(name, lines)
                self.journal += lines
            self.done += 1
        except LockLost:
            self.refused += 1


@pytest.mark.parametrize("seed", range(4))
def test_only_what_was_told_as_done_is_there_whatever_happens_in_between(
    make: Callable[[], OpenSearchStore], relay: Relay, seed: int
) -> None:
    turmoil, reader = Turmoil(make, relay, seed), make()
    for number in range(120):
        turmoil.act(number)
        assert content(reader) == Stored(turmoil.document or None, turmoil.journal)
    assert turmoil.done > 20
    assert turmoil.refused > 20


# What is there and can't be used


def test_an_index_of_something_else_is_not_written_to(
    store: OpenSearchStore, upstream: str, index: str
) -> None:
    ask(upstream, "PUT", f"/{index}", {"mappings": {"properties": {"a": {"type": "keyword"}}}})
    assert code_of(lambda: store.acquire(ME, LONG)) == "FP453"
    assert ask(upstream, "GET", f"/{index}/_doc/default") is None


def test_an_index_that_may_forget_is_not_written_to(
    store: OpenSearchStore, upstream: str, index: str
) -> None:
    body = {
        "settings": {"index": {"translog": {"durability": "async"}}},
        "mappings": {"_meta": {"flowplan": {"format": 1}}},
    }
    ask(upstream, "PUT", f"/{index}", body)
    assert code_of(lambda: store.acquire(ME, LONG)) == "FP453"


def test_the_index_keeps_what_it_acknowledges_and_shows_up_in_no_pattern(
    store: OpenSearchStore, upstream: str, index: str
) -> None:
    store.acquire(ME, LONG)
    (made,) = ask(upstream, "GET", f"/{index}").values()
    settings = made["settings"]["index"]
    assert settings["translog"]["durability"] == "request"
    assert str(settings["hidden"]).lower() == "true"
    assert str(made["mappings"]["dynamic"]).lower() == "false"


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": "1"},
        {"lease": {"holder": {}, "renewed": 1, "ttl": 1}},
        {"journal": {"parts": [], "tail": "no base64", "batch": ""}},
        {"journal": {"parts": [1], "tail": "", "batch": ""}},
        {"document": {"part": "gone", "serial": 1}},
        {"document": {"part": "gone"}},
        {"writes": None},
    ],
)
def test_a_head_that_makes_no_sense_is_refused(
    held: OpenSearchStore, upstream: str, index: str, change: dict[str, Any]
) -> None:
    head = ask(upstream, "GET", f"/{index}/_doc/default")["_source"]
    ask(upstream, "PUT", f"/{index}/_doc/default", head | change)
    assert code_of(held.read) == "FP453"


@pytest.mark.parametrize("data", [None, "x", b64encode(b"no gzip").decode(), 7])
def test_a_damaged_part_is_refused(
    held: OpenSearchStore, upstream: str, index: str, data: Any
) -> None:
    head = ask(upstream, "GET", f"/{index}/_doc/default")["_source"]
    part = head["document"]["part"]
    ask(upstream, "PUT", f"/{index}/_doc/default:{part}", {"data": data})
    assert code_of(held.read) == "FP453"


def test_an_index_that_was_deleted_is_a_lost_lock(
    held: OpenSearchStore, upstream: str, index: str
) -> None:
    ask(upstream, "DELETE", f"/{index}")
    with pytest.raises(LockLost):
        held.renew(ME.id, LONG)


def test_a_place_that_can_not_be_reached_is_named_without_the_password() -> None:
    store = OpenSearchStore.at("opensearch://me:geheim@127.0.0.1:1/states", {})
    with pytest.raises(StateError) as caught:
        store.read()
    problem = caught.value.diagnostics[0]
    assert (problem.code, store.location) == ("FP450", "opensearch://127.0.0.1:1/states")
    assert "refused the connection" in problem.detail
    assert "geheim" not in f"{problem}"
