"""`state migrate` into and out of the real things: PostgreSQL, an S3 server, OpenSearch."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlsplit

import pytest

from flowplan.state.backends import open_backend
from tests.acceptance.chat import KEY, chat, inputs, write
from tests.faults.places import KINDS, keeping

STATE = "template.state.json"
REMOTE = [kind for kind in KINDS if kind != "local"]


def free(location_of):
    """A location that nobody has used."""
    return location_of(f"chat-{secrets.token_hex(4)}")


# Started before a test has a directory for temporary files of its own, which no other user can
# enter: a database server is one.
@pytest.fixture(scope="module", params=REMOTE)
def place(request, tmp_path_factory):
    """Each kind of place, one start for all tests."""
    with keeping(request.param, tmp_path_factory.mktemp(request.param)) as location_of:
        yield location_of


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two kinds of places at once."""
    directory = tmp_path_factory.mktemp("two")
    with keeping("postgres", directory) as first, keeping("s3", directory) as second:
        yield first, second


@pytest.fixture
def there(place):
    return free(place)


def state_at(location):
    snapshot = open_backend(location).load()
    assert snapshot.state is not None
    return snapshot.state


def test_the_state_is_the_same_and_plans_nothing(applied, flowplan, conforms, there):
    before = state_at(STATE)
    told = flowplan("state", "migrate", "--to", there, "--format", "json")
    assert told.code == 0, told.err
    found = conforms(told.json, "state-edit")
    assert (found["copied"], found["left"]) == (True, f"{STATE}.migrated")
    assert state_at(there) == before
    assert flowplan("plan", "--state", there, "--detailed-exitcode").code == 0


def test_work_goes_on_there_and_the_old_place_is_out_of_use(applied, flowplan, there):
    assert flowplan("state", "migrate", "--to", there).code == 0
    template = chat()
    inputs(template, "register_model_2")["description"] = "another"
    write(applied / "template.yaml", template)
    assert flowplan("apply", "--state", there, "--auto-approve", "-q").code == 0
    assert state_at(there).serial == 2
    assert flowplan("plan", "--format", "json").codes == ["FP472"]


def test_it_comes_back(applied, flowplan, there):
    before = json.loads((applied / STATE).read_text())
    assert flowplan("state", "migrate", "--to", there).code == 0
    told = flowplan("state", "migrate", "--state", there, "--to", "back.json", "--format", "json")
    assert told.code == 0
    assert [item["code"] for item in told.json["diagnostics"]] == ["FP467"]
    assert json.loads((applied / "back.json").read_text()) == before
    assert flowplan("plan", "--state", "back.json", "--template", "template.yaml").code == 0


def test_a_password_in_the_place_is_never_shown(applied, flowplan, there):
    password = urlsplit(there).password
    for form in ("text", "json"):
        told = flowplan("state", "migrate", "--to", there, "--format", form)
        assert password is None or password not in told.out + told.err
        assert KEY not in told.out + told.err
    assert password is None or password not in (applied / f"{STATE}.migrated").read_text()


def test_a_migration_that_was_cut_off_after_its_copy_goes_on(applied, flowplan, there):
    state = state_at(STATE)
    backend = open_backend(there)
    with backend.lock("state migrate"):
        backend.save(state)
    told = flowplan("state", "migrate", "--to", there, "--format", "json")
    assert (told.code, told.json["copied"]) == (0, False)
    assert not (applied / STATE).exists()


def test_another_state_there_is_never_replaced(applied, flowplan, there):
    assert flowplan("apply", "--state", there, "--auto-approve", "-q").code == 0
    before = state_at(there)
    told = flowplan("state", "migrate", "--to", there, "--format", "json")
    assert (told.code, told.codes) == (1, ["FP464"])
    assert state_at(there) == before
    assert (applied / STATE).exists()


def test_a_place_that_somebody_works_on_is_left_alone(applied, flowplan, there):
    with open_backend(there).lock("apply"):
        told = flowplan("state", "migrate", "--to", there, "--format", "json")
    assert (told.code, told.codes) == (4, ["FP501"])
    assert open_backend(there).load().state is None
    assert (applied / STATE).exists()


def test_a_state_with_an_unfinished_apply_stays_where_it_is(applied, flowplan, there):
    backend = open_backend(STATE)
    journal = backend.start(state_at(STATE), "apply")
    journal.drop("deploy_model_3")
    journal.close()
    told = flowplan("state", "migrate", "--to", there, "--format", "json")
    assert (told.code, told.codes) == (1, ["FP455"])
    assert open_backend(there).load().state is None


def test_it_moves_from_one_remote_place_to_another(two, applied, flowplan):
    first, second = map(free, two)
    before = state_at(STATE)
    assert flowplan("state", "migrate", "--to", first).code == 0
    told = flowplan("state", "migrate", "--state", first, "--to", second, "--format", "json")
    assert told.code == 0
    assert [item["code"] for item in told.json["diagnostics"]] == ["FP467"]
    assert state_at(second) == before
    assert flowplan("destroy", "--state", second, "--auto-approve", "-q").code == 0
