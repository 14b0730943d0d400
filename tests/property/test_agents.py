"""Whatever an agent is given: what is read back is what was expected, and stays so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab import Lab

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="$\x00"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
MAPS = st.dictionaries(TEXTS, VALUES, max_size=3)
TOOLS = st.fixed_dictionaries(
    {"type": st.just("AnyTool")},
    optional={
        "description": TEXTS,
        "parameters": MAPS,
        "config": MAPS,
        "attributes": MAPS,
        "include_output_in_agent_response": st.booleans(),
    },
)
AGENTS = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXTS,
        "app_type": TEXTS,
        "parameters": MAPS,
        "llm": st.fixed_dictionaries({"model_id": st.just("m")}, optional={"parameters": MAPS}),
        "memory": st.fixed_dictionaries(
            {"type": st.just("conversation_index")}, optional={"window_size": st.integers(1, 9)}
        ),
        "tools": st.lists(TOOLS, max_size=1),
    },
)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    node = {"id": "agent", "type": "register_agent", "user_inputs": {}}
    lab = Lab(tmp_path, {"name": "agents", "workflows": {"provision": {"nodes": [node]}}})
    lab.params = {}
    return lab


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(inputs=AGENTS)
def test_after_an_apply_the_plan_is_empty_and_a_read_is_as_expected(
    lab: Lab, inputs: dict[str, Any]
) -> None:
    lab.node("agent")["user_inputs"] = {"name": "a", "type": "flow", **inputs}
    assert lab.apply().failed == 0
    plan = lab.plan()
    assert (plan.empty, plan.drift) == (True, ())
    record = lab.state.resources["agent"]
    assert record.observed is not None
    expected = lab.registry.step("register_agent").expect(lab.inputs("agent"))
    # A text that was set before can't be cleared: it stays where the inputs no longer have it.
    assert {key: record.observed.get(key) for key in expected} == expected
