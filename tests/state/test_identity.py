from __future__ import annotations

import re

import pytest

from flowplan.errors import StateError
from flowplan.state import identity
from flowplan.state.identity import check_cluster, check_workflow, new_lineage, new_salt
from flowplan.state.model import ClusterIdentity

HERE = ClusterIdentity("uuid-1", "https://one.example.org")


def test_a_lineage_is_20_url_safe_characters():
    made = {new_lineage() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{19}", item) for item in made)


def test_a_lineage_never_reads_as_an_option(monkeypatch):
    words = iter(["-" + "a" * 19, "b" * 20])
    monkeypatch.setattr(identity.secrets, "token_urlsafe", lambda _: next(words))
    assert new_lineage() == "b" * 20


def test_a_salt_is_32_bytes_in_hexadecimal():
    assert len(bytes.fromhex(new_salt())) == 32
    assert new_salt() != new_salt()


def test_the_own_workflow_is_accepted(state):
    check_workflow(state(), "chat", "t.state.json")


def test_another_workflow_is_refused_with_both_names(state):
    with pytest.raises(StateError) as caught:
        check_workflow(state(), "search", "t.state.json")
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP406"
    assert '"chat"' in problem.detail
    assert '"search"' in problem.detail
    assert "t.state.json" in problem.summary
    assert "flowplan state rename search --state t.state.json" in problem.hint
    assert "--state" in problem.hint


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        (HERE, HERE),
        (HERE, ClusterIdentity("uuid-1", "https://moved.example.org")),
        (HERE, ClusterIdentity(None, "https://one.example.org/")),
        (ClusterIdentity(None, "https://one.example.org"), HERE),
        (ClusterIdentity(None, "https://ann:pw@one.example.org"), HERE),
        (ClusterIdentity(), HERE),
        (HERE, ClusterIdentity()),
    ],
)
def test_the_same_cluster_is_accepted(state, recorded, now):
    check_cluster(state(cluster=recorded), now, "t.state.json")


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        (HERE, ClusterIdentity("uuid-2", "https://one.example.org")),
        (HERE, ClusterIdentity(None, "https://two.example.org")),
        (ClusterIdentity(None, "https://two.example.org"), HERE),
    ],
)
def test_another_cluster_is_refused_with_both(state, recorded, now):
    with pytest.raises(StateError) as caught:
        check_cluster(state(cluster=recorded), now, "t.state.json")
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP407"
    assert recorded.endpoint in problem.detail
    assert now.endpoint in problem.detail
    assert "flowplan state rebind --state t.state.json --endpoint" in problem.hint


def test_a_password_in_an_endpoint_is_not_shown(state):
    there = ClusterIdentity(None, "https://ann:s3cret@two.example.org")
    with pytest.raises(StateError) as caught:
        check_cluster(state(cluster=there), HERE, "t.state.json")
    assert "s3cret" not in str(caught.value.diagnostics)
