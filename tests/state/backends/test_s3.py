"""The store in S3, on objects in memory and on a real server.

What is tried at every request of a write: the lease is taken over, the process dies, the
answer is lost, somebody reads.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from botocore.exceptions import ReadTimeoutError

from flowplan.errors import LockLost, StateError
from flowplan.state.backends import s3
from flowplan.state.backends.s3 import S3Store
from flowplan.state.backends.s3_bucket import Bucket
from flowplan.state.lock import here
from tests.live.s3 import start
from tests.state.backends.s3_memory import Meddling, Memory, refusal

URL = "s3://states/team/chat.state.json"


class Killed(BaseException):
    """The process is gone: no handler of an Exception sees it."""


@pytest.fixture(scope="module")
def server():
    """A real one: the maker of its locations, and a client, which takes long to make."""
    with start() as url:
        yield url, S3Store.at(url("any"))._bucket._client()


@pytest.fixture(params=["memory", "real"])
def make(request, monkeypatch):
    """Makes stores of one state, each with a client of its own that can be meddled with."""
    if request.param == "memory":
        url, client = URL, Memory()
    else:
        location, client = request.getfixturevalue("server")
        url = location(f"{secrets.token_hex(6)}/chat.json")
    monkeypatch.setattr("flowplan.state.backends.s3_bucket._PAUSE", 0.001)

    def store():
        made = S3Store.at(url)
        made.client = Meddling(client)
        made._bucket._made = made.client
        return made

    return store


@pytest.fixture
def memory(monkeypatch):
    kept = Memory()
    monkeypatch.setattr(Bucket, "_make", lambda self: kept)
    monkeypatch.setattr("flowplan.state.backends.s3_bucket._PAUSE", 0.001)
    return kept


def document(serial, by="a"):
    return json.dumps({"serial": serial, "by": by}).encode()


def serial_of(stored):
    return 0 if stored.document is None else json.loads(stored.document)["serial"]


def locked(store, ttl=30.0):
    holder = here("apply")
    assert store.acquire(holder, ttl) is None
    return holder.id


def take_over(store):
    """Take a lease of 0 s: it is expired once a moment has passed."""
    holder = here("destroy")
    while store.acquire(holder, 30) is not None:
        pass
    return holder.id


def at_request(store, number, point, act):
    """Call `act` once, at the store's request of that number from now, before or after it."""
    first = store.client.requests

    def hook(now, operation):
        if store.client.requests - first == number and now == point:
            store.client.hook = lambda *_: None
            act()

    store.client.hook = hook


def points(prepare, act):
    """Every (number, point) of the requests of `act(prepare())`."""
    store, lock = prepare()
    first = store.client.requests
    act(store, lock)
    count = store.client.requests - first
    assert count
    return [(number, point) for number in range(1, count + 1) for point in ("before", "after")]


WRITES = {
    "begin": lambda store, lock: store.begin(lock, b"head a\n"),
    "append": lambda store, lock: store.append(lock, b"late\n"),
    "save": lambda store, lock: store.save(lock, document(2), 2, 1),
    "renew": lambda store, lock: store.renew(lock, 0.0),
    "release": lambda store, lock: store.release(lock),
}
write = pytest.mark.parametrize("name", sorted(WRITES))


def at_work(make, ttl=0.0):
    """A holder in the middle of an apply: a saved document and a journal that continues it."""
    before = make()
    lease = before.read().lease
    if lease is not None:
        before.release(lease.holder.id)
    lock = locked(before)
    before.save(lock, document(1), 1, serial_of(before.read()))
    before.release(lock)
    store = make()
    lock = locked(store, ttl)
    store.begin(lock, b"head 1\n")
    store.append(lock, b"one\n")
    return store, lock


def test_a_new_place_holds_nothing(make):
    assert make().read() == s3.Stored()


def test_a_saved_document_is_read_back(make):
    store = make()
    store.save(locked(store), document(1), 1, 0)
    assert make().read().document == document(1)


def test_the_document_before_is_kept(make):
    store = make()
    lock = locked(store)
    store.save(lock, document(1), 1, 0)
    store.save(lock, document(2), 2, 1)
    assert store._bucket.get(f"{store._key}.backup").body == document(1)


def test_a_journal_grows_by_appends_and_ends_with_the_save(make):
    store = make()
    lock = locked(store)
    store.begin(lock, b"head\n")
    store.append(lock, b"one\n")
    store.append(lock, b"two\nthree\n")
    assert make().read().journal == b"head\none\ntwo\nthree\n"
    store.save(lock, document(1), 1, 0)
    assert (make().read().document, make().read().journal) == (document(1), b"")


def test_a_second_begin_replaces_the_journal(make):
    store = make()
    lock = locked(store)
    store.begin(lock, b"head 1\n")
    store.begin(lock, b"head 2\n")
    assert store.read().journal == b"head 2\n"


def test_a_save_leaves_nothing_of_the_journal_but_seal_and_mark(make):
    store = make()
    lock = locked(store)
    store.begin(lock, b"head\n")
    for _ in range(5):
        store.append(lock, b"x\n")
    store.save(lock, document(1), 1, 0)
    kinds = [store._fetch([store._number(item.key)]) for item in store._links()]
    assert [segment.kind for one in kinds for segment in one.values()] == ["seal", "mark"]


def test_the_lease_names_its_holder_to_others(make):
    store, other = make(), make()
    lock = locked(store)
    found = other.acquire(here("destroy"), 30)
    assert (found.holder.id, found.ttl, found.expired) == (lock, 30.0, False)
    assert other.read().lease.holder.operation == "apply"


def test_a_released_lease_can_be_taken(make):
    store = make()
    store.release(locked(store))
    assert store.read().lease is None
    assert make().acquire(here("apply"), 30) is None


def test_releasing_by_another_id_does_nothing(make):
    store = make()
    lock = locked(store)
    make().release("another")
    store.append(lock, b"x\n")
    assert store.read().lease.holder.id == lock


def test_a_holder_whose_lock_was_released_by_hand_writes_no_more(make):
    store = make()
    lock = locked(store)
    store.begin(lock, b"head\n")
    make().release(lock)
    for act in ("append", "begin", "renew"):
        with pytest.raises(LockLost):
            WRITES[act](store, lock)
    assert make().read() == s3.Stored(None, b"head\n", None)


def test_nothing_is_written_without_the_lock(make):
    for act in WRITES.values():
        with suppress(LockLost):
            act(make(), "nobody")
    assert make().read() == s3.Stored()


def test_a_document_with_another_serial_is_not_replaced(make):
    store = make()
    lock = locked(store)
    store.save(lock, document(1), 1, 0)
    with pytest.raises(StateError) as caught:
        store.save(lock, document(5), 5, 4)
    assert caught.value.diagnostics[0].code == "FP410"
    assert make().read().document == document(1)


def test_a_document_that_a_hand_put_there_has_its_serial_inside(make):
    store = make()
    lock = locked(store)
    store._bucket.put(store._key, document(7), None)
    store.save(lock, document(8), 8, 7)
    assert make().read().document == document(8)


@pytest.mark.parametrize("text", [b"no state", b"{}", b"[]"])
def test_what_has_no_serial_is_not_overwritten(make, text):
    store = make()
    lock = locked(store)
    store._bucket.put(store._key, text, None)
    with pytest.raises(StateError):
        store.save(lock, document(1), 1, 0)
    assert make().read().document == text


def test_an_expired_lease_is_taken_and_the_journal_with_it(make):
    at_work(make)
    other = make()
    take_over(other)
    assert (serial_of(other.read()), other.read().journal) == (1, b"head 1\none\n")


@write
def test_after_a_takeover_no_write_of_the_old_holder_takes_effect(make, name):
    store, lock = at_work(make)
    other = make()
    new = take_over(other)
    before = other.read()
    for _ in range(2):
        with suppress(LockLost) if name == "release" else pytest.raises(LockLost):
            WRITES[name](store, lock)
    assert (other.read().document, other.read().journal) == (before.document, before.journal)
    other.append(new, b"goes on\n")
    assert other.read().lease.holder.id == new


@write
def test_no_write_takes_effect_after_a_takeover_at_any_request_of_it(make, name):
    prepare, act = partial(at_work, make), WRITES[name]
    for number, point in points(prepare, act):
        store, lock = prepare()
        other, seen = make(), []

        def take(other=other, seen=seen):
            new = take_over(other)
            base = other.read()
            other.begin(new, b"head b\n")
            seen.append((new, base))

        at_request(store, number, point, take)
        with suppress(LockLost):
            act(store, lock)
            base = seen[0][1] if seen else make().read()
            # It returned, so whoever took over knew of it.
            assert name != "append" or base.journal.endswith(b"late\n")
            assert name != "save" or serial_of(base) == 2
            assert name != "begin" or base.journal == b"head a\n"
        if not seen:  # one request less: a lease of 0 s is asked for when the second changes
            continue
        ((new, base),) = seen
        with pytest.raises(LockLost):
            store.append(lock, b"later\n")
        found = make().read()
        assert (found.document, found.journal) == (base.document, b"head b\n")
        assert found.lease.holder.id == new
        other.save(new, document(9, "b"), 9, serial_of(base))
        with pytest.raises(LockLost):
            store.save(lock, document(2), 2, 1)
        assert make().read().document == document(9, "b")
        other.release(new)


@write
def test_a_process_that_dies_at_any_request_leaves_all_or_nothing(make, name):
    prepare, act = partial(at_work, make), WRITES[name]
    old = (document(1), b"head 1\none\n")
    new = {
        "begin": (document(1), b"head a\n"),
        "append": (document(1), b"head 1\none\nlate\n"),
        "save": (document(2), b""),
    }.get(name, old)
    for number, point in points(prepare, act):
        store, lock = prepare()

        def die():
            raise Killed

        at_request(store, number, point, die)
        with suppress(Killed):
            act(store, lock)
        found = make().read()
        assert (found.document, found.journal) in (old, new)
        other = make()
        take_over(other)
        again = other.read()
        assert (again.document, again.journal) == (found.document, found.journal)


@write
def test_a_lost_answer_to_any_request_changes_nothing(make, name):
    prepare, act = partial(at_work, make), WRITES[name]
    store, lock = prepare()
    act(store, lock)
    right = make().read()
    for number, point in points(prepare, act):
        store, lock = prepare()

        def lose():
            raise ReadTimeoutError(endpoint_url="https://s3.example.org")

        at_request(store, number, point, lose)
        try:
            act(store, lock)
        except StateError:
            assert name == "renew"  # has one try: whoever renews tries again
        found = make().read()
        assert (found.document, found.journal) == (right.document, right.journal)


@pytest.mark.parametrize("name", ["append", "begin", "save"])
def test_a_reader_at_any_request_of_a_write_sees_it_whole_or_not(make, name):
    prepare, act = partial(at_work, make, 30.0), WRITES[name]
    old = (document(1), b"head 1\none\n")
    for number, point in points(prepare, act):
        store, lock = prepare()
        seen = []
        at_request(store, number, point, lambda seen=seen: seen.append(make().read()))
        act(store, lock)
        end = make().read()
        assert (seen[0].document, seen[0].journal) in (old, (end.document, end.journal))


def test_a_save_at_any_request_of_a_reader_is_seen_whole_or_not(make):
    def prepare():
        return make(), at_work(make)

    def saved(at):
        store, lock = at
        store.save(lock, document(2), 2, 1)
        store.begin(lock, b"head 2\n")

    old, new = (document(1), b"head 1\none\n"), (document(2), b"head 2\n")
    for number, point in points(prepare, lambda reader, _: reader.read()):
        reader, at = prepare()
        at_request(reader, number, point, partial(saved, at))
        found = reader.read()
        assert (found.document, found.journal) in (old, new)


def test_of_two_at_once_one_gets_the_lease(make):
    for _ in range(20):
        stores, got, gate = [make(), make()], [], Barrier(2)

        def work(store, got=got, gate=gate):
            holder = here("apply")
            gate.wait()
            if store.acquire(holder, 30) is None:
                got.append((store, holder.id))

        workers = [Thread(target=work, args=(store,)) for store in stores]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        ((store, lock),) = got
        store.append(lock, b"x\n")
        store.release(lock)


def test_one_that_slept_between_lease_and_seal_does_not_come_back(make):
    slow, fast, new = make(), make(), []

    def overtaken():
        new.append(take_over(fast))
        fast.begin(new[0], b"head\n")

    # The request after the one that took the lease lists the chain for the seal.
    slow.client.hook = lambda point, operation: (
        (setattr(slow.client, "hook", lambda *_: None), overtaken())
        if (point, operation) == ("before", "list_objects_v2")
        else None
    )
    found = slow.acquire(here("apply"), 0.0)
    assert found.holder.id == new[0]
    assert make().read().journal == b"head\n"


def test_a_long_journal_is_kept_in_few_objects(make, monkeypatch):
    monkeypatch.setattr(s3, "MERGE", 10)
    store = make()
    lock = locked(store)
    store.begin(lock, b"head\n")
    lines = [b"%d\n" % number for number in range(105)]
    for line in lines:
        store.append(lock, line)
    assert make().read().journal == b"head\n" + b"".join(lines)
    assert len(store._links()) == 2 + 10 + 5
    store.save(lock, document(1), 1, 0)
    assert len(store._links()) == 2


def test_a_reader_sees_all_lines_at_any_request_of_a_merge(make, monkeypatch):
    monkeypatch.setattr(s3, "MERGE", 4)

    def prepare():
        store, lock = at_work(make, 30.0)
        for line in (b"two\n", b"three\n"):
            store.append(lock, line)
        return store, lock

    for number, point in points(prepare, WRITES["append"]):
        store, lock = prepare()
        seen = []
        at_request(store, number, point, lambda seen=seen: seen.append(make().read().journal))
        WRITES["append"](store, lock)
        whole = b"head 1\none\ntwo\nthree\nlate\n"
        assert seen[0] in (whole, whole.removesuffix(b"late\n"))
        assert make().read().journal == whole


def test_an_append_without_an_answer_that_is_repeated_is_there_once(make):
    store, lock = at_work(make)

    def lose(point, operation):
        if point == "after" and operation == "put_object":
            raise ReadTimeoutError(endpoint_url="https://s3.example.org")
        if operation == "get_object":
            raise ReadTimeoutError(endpoint_url="https://s3.example.org")

    store.client.hook = lose
    with pytest.raises(StateError) as caught:
        store.append(lock, b"two\n")
    assert caught.value.diagnostics[0].code == "FP446"
    store.client.hook = lambda *_: None
    store.append(lock, b"two\n")
    store.append(lock, b"three\n")
    assert make().read().journal == b"head 1\none\ntwo\nthree\n"


def test_lines_after_an_append_without_an_answer_follow_it(make):
    store, lock = at_work(make)
    failing = ReadTimeoutError(endpoint_url="https://s3.example.org")

    def lose(point, operation):
        if point == "after" or operation == "get_object":
            raise failing

    store.client.hook = lose
    with pytest.raises(StateError):
        store.append(lock, b"two\n")
    store.client.hook = lambda *_: None
    store.append(lock, b"three\n")
    assert make().read().journal == b"head 1\none\ntwo\nthree\n"


def test_a_document_that_a_hand_replaced_meanwhile_is_not_overwritten(make):
    store, lock = at_work(make)

    def replaced():
        found = store._bucket.head(store._key)
        make()._bucket.put(store._key, document(1, "hand"), found.etag)

    at_request(store, 2, "before", replaced)
    with pytest.raises(StateError) as caught:
        store.save(lock, document(2), 2, 1)
    assert caught.value.diagnostics[0].code == "FP410"
    take_over(make())
    assert make().read().document == document(1, "hand")


def test_the_servers_clock_says_how_old_a_lease_is(memory):
    store = S3Store.at(URL)
    memory.shift = -86_400.0
    locked(store, ttl=30)
    assert S3Store.at(URL).read().lease.age < 3
    memory.shift += 60
    lease = S3Store.at(URL).read().lease
    assert 58 < lease.age < 63
    assert lease.expired


def test_a_write_that_was_long_under_way_is_checked_even_if_nothing_refused_it(memory):
    store = S3Store.at(URL)
    lock = locked(store, ttl=30)
    other = S3Store.at(URL)
    memory.shift += 60
    locked(other, ttl=30)
    for key in [key for key in memory.objects if ".journal/" in key]:
        del memory.objects[key]
    with pytest.raises(LockLost):
        store.append(lock, b"late\n")


def test_old_seals_go_once_nobody_can_be_that_late(memory):
    for _ in range(s3._SEALS + 4):
        store = S3Store.at(URL)
        store.release(locked(store))
    assert len(store._links()) > s3._SEALS
    memory.shift += s3.KEEP_SECONDS + 1
    for _ in range(2):
        store = S3Store.at(URL)
        store.release(locked(store))
    assert len(store._links()) < s3._SEALS


def test_a_server_that_knows_no_conditions_is_refused_before_anything_is_written(memory):
    memory.heeds = False
    with pytest.raises(StateError) as caught:
        S3Store.at(URL).acquire(here("apply"), 30)
    assert caught.value.diagnostics[0].code == "FP449"
    assert list(memory.objects) == ["team/chat.state.json.probe"]


def test_a_lease_that_makes_no_sense_is_somebodys_until_it_is_old(memory):
    memory.put_object(Key="team/chat.state.json.lock", Body=b"?", Metadata={})
    store = S3Store.at(URL)
    assert store.acquire(here("apply"), 30).holder.id == ""
    memory.shift += 60
    assert store.acquire(here("apply"), 30) is None


def test_a_damaged_link_is_named(memory):
    store = S3Store.at(URL)
    lock = locked(store)
    store.begin(lock, b"head\n")
    memory.put_object(Key="team/chat.state.json.journal/0000000002", Body=b"?", Metadata={})
    with pytest.raises(StateError) as caught:
        store.read()
    assert caught.value.diagnostics[0].code == "FP411"
    assert "0000000002" in str(caught.value)


def test_a_missing_link_keeps_the_lease_free_and_says_so(memory, monkeypatch):
    monkeypatch.setattr(s3, "_PAUSE", 0)
    store = S3Store.at(URL)
    lock = locked(store)
    store.begin(lock, b"head\n")
    store.append(lock, b"one\n")
    store.append(lock, b"two\n")
    store.release(lock)
    del memory.objects["team/chat.state.json.journal/0000000003"]
    with pytest.raises(StateError) as caught:
        store.acquire(here("apply"), 30)
    assert caught.value.diagnostics[0].code == "FP411"
    assert memory.objects["team/chat.state.json.lock"][0].startswith(b'{\n "holder": null')
    with pytest.raises(StateError) as caught:
        store.read()
    assert caught.value.diagnostics[0].code == "FP419"


def test_many_links_are_listed_page_by_page(memory):
    memory.page = 3
    store = S3Store.at(URL)
    lock = locked(store)
    store.begin(lock, b"head\n")
    for number in range(10):
        store.append(lock, b"%d\n" % number)
    assert store.read().journal.count(b"\n") == 11


def test_a_lease_is_not_taken_for_the_time_of_another_version(memory, monkeypatch):
    locked(S3Store.at(URL), ttl=30)
    get, torn = memory.get_object, []

    def answer(Key, **rest):  # noqa: N803
        found = get(Key, **rest)
        if Key.endswith(".lock") and not torn:
            torn.append(1)
            found["LastModified"] -= timedelta(hours=1)
        return found

    monkeypatch.setattr(memory, "get_object", answer)
    assert S3Store.at(URL).acquire(here("apply"), 30) is not None
    assert torn


def test_a_seal_that_could_not_be_written_gives_the_lease_back(memory):
    store = S3Store.at(URL)
    store._bucket._made = client = Meddling(memory)

    def refuse(point, operation):
        if operation == "list_objects_v2":
            raise refusal("AccessDenied", 403)

    client.hook = refuse
    with pytest.raises(StateError) as caught:
        store.acquire(here("apply"), 30)
    assert caught.value.diagnostics[0].code == "FP447"
    assert S3Store.at(URL).read().lease is None
