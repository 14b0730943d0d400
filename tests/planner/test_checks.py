"""What must hold before anything is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowplan.errors import PlanError, StateError
from flowplan.planner.checks import compatibility, lost_salt
from flowplan.planner.source import parse_text
from flowplan.planner.template import Template
from flowplan.planner.values import SEAL
from flowplan.protocol import ServerInfo
from flowplan.state.model import ResourceRecord, State
from tests.lab import Lab


def warned(version: str, *compatible: str) -> list[str]:
    template = Template("t", parse_text("{}", "t", "json"), compatibility=compatible)
    return [item.code for item in compatibility(template, ServerInfo("u", version))]


@pytest.mark.parametrize(
    ("version", "compatible"),
    [
        ("2.12.0", ("2.12.0",)),
        ("2.19.4", ("2.12.0",)),
        ("3.6.0", ("2.12.0", "3.0.0")),
        ("3.6.0-SNAPSHOT", ("3.0.0",)),
        ("3.6.0", ()),
        ("", ("9.9.9",)),
    ],
)
def test_an_entry_admits_its_major_version_from_that_release_on(
    version: str, compatible: tuple[str, ...]
) -> None:
    assert warned(version, *compatible) == []


@pytest.mark.parametrize(
    ("version", "compatible"),
    [("2.11.1", ("2.12.0",)), ("3.0.0", ("2.12.0",)), ("1.0.0", ("2.0.0",))],
)
def test_a_version_that_no_entry_admits_is_a_warning(
    version: str, compatible: tuple[str, ...]
) -> None:
    assert warned(version, *compatible) == ["FP211"]


def test_steps_whose_plugin_is_missing_are_refused_with_their_nodes(lab: Lab) -> None:
    lab.options = "plugins=opensearch-job-scheduler"
    with pytest.raises(PlanError) as caught:
        lab.plan()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP210"
    assert "opensearch-ml" in diagnostic.summary
    assert "connector, model, deployment" in diagnostic.detail


def test_a_template_without_ml_steps_needs_no_plugin(lab: Lab) -> None:
    lab.options = "plugins=opensearch-job-scheduler"
    lab.nodes[:] = [{"id": "n", "type": "noop"}]
    lab.template["flowplan"] = {}
    lab.params = {}
    assert [c.action for c in lab.plan().changes] == ["create"]


def test_the_state_of_another_workflow_is_refused(lab: Lab) -> None:
    lab.apply()
    lab.template["name"] = "another"
    with pytest.raises(StateError) as caught:
        lab.plan()
    assert "another" in str(caught.value)


def test_another_cluster_is_refused_before_anything_is_planned(lab: Lab, tmp_path: Path) -> None:
    lab.apply()
    for found in tmp_path.glob("sandbox.db*"):
        found.unlink()
    with pytest.raises(StateError) as caught:
        lab.plan()
    assert "--state PATH" in caught.value.diagnostics[0].hint


def test_a_lost_salt_matters_only_where_there_are_digests() -> None:
    plain = ResourceRecord("a", "noop", inputs={"x": 1})
    sealed = ResourceRecord("b", "noop", inputs={"x": {SEAL: "00"}})

    def warned(salt: str, *records: ResourceRecord) -> list[str]:
        state = State("l", 1, "w", salt, resources={item.node: item for item in records})
        return [item.detail for item in lost_salt(state)]

    assert warned("", plain, sealed) == ["A change to them is not seen in b."]
    assert warned("", plain) == []
    assert warned("ab", sealed) == []
    assert list(lost_salt(None)) == []
