"""What a node's inputs are once params and outputs are known."""

from __future__ import annotations

import pytest

from flowplan.errors import TemplateError
from tests.lab import Lab


def index(**settings: object) -> dict[str, object]:
    inputs = {"index_name": "docs", "configurations": {"settings": settings}}
    node = {"id": "index", "type": "create_index", "user_inputs": inputs}
    return {"name": "w", "workflows": {"provision": {"nodes": [node]}}}


def test_a_value_that_a_param_makes_unusable_is_refused_with_its_place(tmp_path):
    lab = Lab(tmp_path, index(knn="true", index={"knn": "${{ on }}"}))
    lab.params = {"on": "false"}
    with pytest.raises(TemplateError) as caught:
        lab.plan()
    (found,) = caught.value.diagnostics
    assert (found.code, found.node, found.file) == ("FP157", "index", "template.json")
    assert "index.knn is given twice" in found.summary
    assert found.line == 1


def test_the_same_value_in_two_spellings_is_used(tmp_path):
    lab = Lab(tmp_path, index(knn="true", index={"knn": "${{ on }}"}))
    lab.params = {"on": "true"}
    assert lab.apply().failed == 0
    assert lab.plan().empty
