from __future__ import annotations

import pytest

from flowplan.planner.plan import Action
from flowplan.planner.wording import steps_of
from flowplan.protocol import StepSchema


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("create", ("run undeploy_model",)),
        ("update", ("run undeploy_model again",)),
        ("no-op", ()),
        ("delete", ()),
    ],
)
def test_an_act_is_run(action: Action, words: tuple[str, ...]) -> None:
    schema = StepSchema({}, creates="act")
    found = steps_of(
        action, type_name="undeploy_model", schema=schema, fields=(), order=None, repointed=(),
        reason="",
    )  # fmt: skip
    assert found == words
