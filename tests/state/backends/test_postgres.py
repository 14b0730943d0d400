"""What only PostgreSQL can do wrong; what all places do alike is in `tests/contract/backends`."""

from __future__ import annotations

import os
import secrets
import time
from threading import Thread

import pytest

from flowplan.errors import FlowplanError, LockLost, StateError
from flowplan.state.backends import open_backend
from flowplan.state.backends.postgres import PostgresStore
from flowplan.state.lock import here
from tests.live.postgres import Server, running

psycopg = pytest.importorskip("psycopg")

ME = here("apply")
LONG = 600.0


@pytest.fixture(scope="module")
def server():
    with running() as started:
        yield started


@pytest.fixture
def url(server):
    return server.url(f"t{secrets.token_hex(6)}")


@pytest.fixture
def store(url):
    made = PostgresStore.at(url)
    yield made
    made.release(ME.id)


@pytest.fixture
def held(store):
    assert store.acquire(ME, LONG) is None
    return store


def sql(server, statement, *values):
    with psycopg.connect(server.url("x").partition("?")[0], autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def end_sessions(server):
    sql(
        server,
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'flowplan'",
    )


def code_of(call):
    with pytest.raises(FlowplanError) as caught:
        call()
    return caught.value.diagnostics[0].code


def test_reading_makes_nothing(server):
    name = f"s{secrets.token_hex(6)}"
    store = PostgresStore.at(f"{server.url('a')}&schema={name}")
    found = store.read()
    assert (found.document, found.journal, found.lease) == (None, b"", None)
    store.release("nobody")
    assert sql(server, "select 1 from pg_namespace where nspname = %s", name) == []


def test_many_first_runs_at_once_make_the_tables_once(server):
    name, problems = f"s{secrets.token_hex(6)}", []

    def first(number):
        store = PostgresStore.at(f"{server.url(f'k{number}')}&schema={name}")
        me = here("apply")
        try:
            assert store.acquire(me, LONG) is None
            store.release(me.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            problems.append(error)

    workers = [Thread(target=first, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []


def test_a_closed_connection_is_opened_again(server, held):
    held.begin(ME.id, b"a\n")
    end_sessions(server)
    held.append(ME.id, b"b\n")
    assert held.read().journal == b"a\nb\n"


def test_a_restart_of_the_server_loses_nothing_and_the_lease_goes_on():
    with running() as own:
        store = PostgresStore.at(own.url("a"))
        store.acquire(ME, LONG)
        store.begin(ME.id, b"a\n")
        own.halt()
        assert code_of(lambda: store.append(ME.id, b"b\n")) == "FP441"
        own.launch()
        store.append(ME.id, b"b\n")
        store.save(ME.id, b"{}", 1, 0)
        assert store.read().document == b"{}"
        store.release(ME.id)


class Losing:
    """A connection whose server ends it after the statement took effect, once."""

    def __init__(self, real):
        self.real = real
        self.closed = False

    def execute(self, *arguments, **options):
        self.real.execute(*arguments, **options)
        self.real.close()
        self.closed = True
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def close(self):
        self.real.close()


def lose_next_answer(store):
    store._connection = Losing(store._connected())


def test_an_append_whose_answer_was_lost_is_there_once(held):
    held.begin(ME.id, b"a\n")
    lose_next_answer(held)
    held.append(ME.id, b"b\n")
    held.append(ME.id, b"b\n")
    assert held.read().journal == b"a\nb\nb\n"


def test_a_beginning_whose_answer_was_lost_is_there_once(held):
    lose_next_answer(held)
    held.begin(ME.id, b"a\n")
    assert held.read().journal == b"a\n"


def test_a_save_whose_answer_was_lost_is_a_success(held):
    lose_next_answer(held)
    held.save(ME.id, b"{}", 1, 0)
    assert held.read().document == b"{}"
    assert code_of(lambda: held.save(ME.id, b"{1}", 2, 0)) == "FP410"


def test_an_append_that_failed_is_there_once_when_it_is_repeated(held, monkeypatch):
    held.begin(ME.id, b"a\n")
    lose_next_answer(held)
    with monkeypatch.context() as patch:
        patch.setattr(PostgresStore, "_drop_closed", lambda _: False)
        assert code_of(lambda: held.append(ME.id, b"b\n")) == "FP441"
    held._connection = None
    held.append(ME.id, b"b\n")
    assert held.read().journal == b"a\nb\n"


def test_a_late_twin_of_a_write_does_nothing(server, held):
    held.begin(ME.id, b"a\n")
    held.append(ME.id, b"b\n")
    held.save(ME.id, b"{}", 1, 0)
    held._number -= 2
    held.append(ME.id, b"late\n")
    assert held.read().journal == b""


def test_a_write_under_an_expired_lease_is_refused_even_if_nobody_took_it(store):
    store.acquire(ME, 0.1)
    time.sleep(0.2)
    with pytest.raises(LockLost) as caught:
        store.append(ME.id, b"b\n")
    assert "has it now" not in caught.value.diagnostics[0].detail


def test_an_expired_lease_that_nobody_took_can_be_renewed(store):
    store.acquire(ME, 0.1)
    time.sleep(0.2)
    store.renew(ME.id, LONG)
    store.begin(ME.id, b"a\n")


def test_ages_are_by_the_clock_of_the_server(server, held):
    sql(
        server,
        "update flowplan.leases set renewed = renewed - interval '100 s' where id = %s",
        ME.id,
    )
    age = held.read().lease.age
    assert 100 <= age < 130


def test_the_last_ten_documents_are_kept(server, url, held):
    for serial in range(1, 15):
        held.save(ME.id, b"%d" % serial, serial, serial - 1)
    key = url.rpartition("=")[2]
    rows = sql(server, "select serial from flowplan.backups where key = %s order by 1", key)
    assert [serial for (serial,) in rows] == list(range(4, 14))


def test_a_backup_can_be_put_back_as_the_documentation_says(server, url, held):
    for serial in range(1, 4):
        held.save(ME.id, b"%d" % serial, serial, serial - 1)
    key = url.rpartition("=")[2]
    sql(
        server,
        "update flowplan.states s set document = b.document, serial = b.serial"
        " from flowplan.backups b where b.key = s.key and s.key = %s and b.serial = 2",
        key,
    )
    assert held.read().document == b"2"
    held.save(ME.id, b"3 again", 3, 2)
    assert held.read().document == b"3 again"


def test_two_states_in_one_schema_know_nothing_of_each_other(server, held):
    other = PostgresStore.at(server.url(f"t{secrets.token_hex(6)}"))
    you = here("apply")
    assert other.acquire(you, LONG) is None
    held.begin(ME.id, b"a\n")
    other.save(you.id, b"{}", 1, 0)
    other.release(you.id)
    assert held.read().journal == b"a\n"


def test_a_client_that_stops_in_the_middle_holds_up_nobody(server, url):
    """Each write is one statement: there is no middle in which a row would stay locked."""
    frozen = PostgresStore.at(url)
    frozen.acquire(ME, 0.2)
    frozen.begin(ME.id, b"a\n")
    states = sql(server, "select state from pg_stat_activity where application_name = 'flowplan'")
    assert {state for (state,) in states} == {"idle"}
    time.sleep(0.3)
    other, you = PostgresStore.at(url), here("destroy")
    assert other.acquire(you, LONG) is None
    other.release(you.id)
    frozen.release(ME.id)


def test_no_connection_stays_open_without_a_lease(server, url):
    store = PostgresStore.at(url)
    store.read()
    store.acquire(ME, LONG)
    store.release(ME.id)
    assert store._connection is None


def test_a_wrong_password_is_told_without_it(server, url):
    wrong = url.replace(server.password, "wr0ng-s3cret")
    with pytest.raises(StateError) as caught:
        PostgresStore.at(wrong).read()
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP442"
    assert "wr0ng-s3cret" not in str(problem.as_json())


def test_a_password_may_come_from_the_environment(server, url, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", server.password)
    assert PostgresStore.at(url.replace(f":{server.password}", "")).read().document is None


def test_an_account_without_the_right_is_told_so(server):
    name = f"u{secrets.token_hex(4)}"
    sql(server, f"create role {name} login password 'pw'")
    url = server.url("a").replace(f"flowplan:{server.password}", f"{name}:pw")
    assert code_of(lambda: PostgresStore.at(f"{url}&schema=other").acquire(ME, LONG)) == "FP442"


def test_tables_of_another_kind_are_told(server):
    name = f"s{secrets.token_hex(6)}"
    sql(server, f"create schema {name}")
    sql(server, f"create table {name}.leases (key text primary key)")
    sql(server, f"create table {name}.states (key text primary key)")
    store = PostgresStore.at(f"{server.url('a')}&schema={name}")
    assert code_of(lambda: store.acquire(ME, LONG)) == "FP443"


def test_nothing_listens_there_is_told(url):
    assert code_of(PostgresStore.at("postgres://127.0.0.1:1/x").read) == "FP441"


@pytest.mark.parametrize("option", ["sslmode=perhaps", "nonsense=1"])
def test_an_option_that_libpq_does_not_know_is_told(server, option):
    assert code_of(PostgresStore.at(f"{server.url('a')}&{option}").read) in {"FP441", "FP443"}


def test_no_table_has_a_password(server, url):
    backend = open_backend(url, dict(os.environ))
    with backend.lock("apply"):
        rows = sql(server, "select row_to_json(l)::text from flowplan.leases l")
    assert rows
    assert all(server.password not in text for (text,) in rows)


def test_the_server_is_the_real_one(server: Server):
    ((version,),) = sql(server, "select current_setting('server_version_num')::int")
    assert version >= 140000
    assert sql(server, "show fsync") == [("on",)]


def test_rows_beside_states_have_tables_made_for_them_on_first_use(url):
    store = PostgresStore.at(url)
    make = "create schema if not exists {s}; create table if not exists {s}.beside (a text);"
    insert = "insert into {s}.beside values (%(a)s)"
    assert store.rows(insert, {"a": "x"}, make) == ()
    other = PostgresStore.at(url)
    assert ("x",) in other.rows("select a from {s}.beside", {}, make)
    store.close()
    assert ("x",) in store.rows("select a from {s}.beside", {}, make)
    store.close()
    other.close()


def test_what_the_database_says_of_rows_is_told_as_of_states(url):
    store = PostgresStore.at(url)
    with pytest.raises(StateError) as caught:
        store.rows("select nothing", {}, "")
    assert caught.value.diagnostics[0].code == "FP443"
    store.close()
