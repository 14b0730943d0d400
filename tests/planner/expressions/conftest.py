from __future__ import annotations

from typing import Any

import pytest

from flowplan.planner.expressions import ExpressionError, NameScope, evaluate
from flowplan.planner.values import Sensitive, Unknown


@pytest.fixture
def scope() -> NameScope:
    return NameScope(
        params={
            "name": "gpt",
            "count": 3,
            "rate": 0.5,
            "on": True,
            "nothing": None,
            "regions": ["eu", "us"],
            "settings": {"model": {"id": "m1"}, "tags": ["a", {"b": 1}], "empty": []},
            "api-key": "dashed",
            "create_connector.credential.key": "literal",
            "secret": Sensitive("hush"),
            "secrets": Sensitive({"user": "u", "keys": ["k1", "k2"], "none": {}}),
        },
        outputs={
            "made": {"model_id": "M1", "size": 7},
            "gpt-3.5-model": {"model_id": "M35"},
            'group["eu"]': {"model_group_id": "G"},
            "later": {
                "model_id": Unknown("later", "model_id"),
                "key": Unknown("later", "key", sensitive=True),
            },
        },
    )


@pytest.fixture
def value(scope):
    """Evaluates `${{ source }}`."""

    def run(source: str) -> Any:
        return evaluate("${{ " + source + " }}", scope)

    return run


@pytest.fixture
def error(scope):
    """The error that evaluating `${{ source }}` gives."""

    def run(source: str) -> ExpressionError:
        with pytest.raises(ExpressionError) as caught:
            evaluate("${{ " + source + " }}", scope)
        return caught.value

    return run
