from __future__ import annotations

from flowplan.protocol import Owned
from flowplan.state.model import Deposed


def test_putting_a_record_leaves_the_state_before_as_it_was(state, record):
    before = state("a", "b")
    after = before.put(record("a", resource_id="new"))
    assert list(after.resources) == ["a", "b"]
    assert after.resources["a"].resource_id == "new"
    assert before.resources["a"].resource_id == "id-a"


def test_dropping_a_node_forgets_it_and_no_other(state):
    assert list(state("a", "b").drop("a").resources) == ["b"]


def test_a_replaced_resource_keeps_what_deleting_it_needs(record):
    owned = (Owned("model_group", "g"),)
    made = record("a", inputs={"name": "x"}, outputs={"connector_id": "C"}, owned=owned)
    assert made.depose() == Deposed(
        "create_connector", "connector_id", "id-a", {"name": "x"}, {"connector_id": "C"}, owned, "a"
    )
