from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.protocol import ServerInfo
from flowplan.providers.server import describe

ROOT = {"cluster_uuid": "u", "version": {"number": "3.6.0", "distribution": "opensearch"}}


def answering(root: Any, plugins: Any) -> Any:
    return lambda _method, path, _body: root if path == "/" else plugins


def test_identity_version_and_plugins_take_two_requests(fake: Any) -> None:
    cluster = fake(answering(ROOT, [{"component": "opensearch-ml"}, {"component": "x"}]))
    assert describe(cluster) == ServerInfo("u", "3.6.0", frozenset({"opensearch-ml", "x"}))
    assert len(cluster.sent) == 2


def test_plugins_that_may_not_be_listed_are_unknown(fake: Any) -> None:
    assert describe(fake(answering(ROOT, (403, "no permissions")))).plugins is None


def test_plugins_in_another_form_are_unknown(fake: Any) -> None:
    assert describe(fake(answering(ROOT, "opensearch-ml 3.6.0.0"))).plugins is None


def test_another_refusal_of_the_list_is_an_error(fake: Any) -> None:
    with pytest.raises(Refused):
        describe(fake(answering(ROOT, (500, "broken"))))


def test_an_account_without_a_right_to_the_cluster_itself_goes_on(fake: Any) -> None:
    cluster = fake(answering((403, "no permissions"), [{"component": "opensearch-ml"}]))
    assert describe(cluster) == ServerInfo(None, "", frozenset({"opensearch-ml"}))


def test_a_wrong_account_is_an_error(fake: Any) -> None:
    with pytest.raises(Refused):
        describe(fake(answering((401, "Unauthorized"), [])))


def test_a_cluster_that_has_not_formed_has_no_identity(fake: Any) -> None:
    cluster = fake(answering({**ROOT, "cluster_uuid": "_na_"}, []))
    assert describe(cluster).cluster_uuid is None


@pytest.mark.parametrize("root", [None, [], {"hello": 1}, {"version": "1"}])
def test_something_else_at_the_endpoint_is_said_to_be_that(fake: Any, root: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        describe(fake(answering(root, [])))
    assert caught.value.diagnostics[0].code == "FP324"
