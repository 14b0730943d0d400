"""The plan document."""

from __future__ import annotations

import json
from dataclasses import replace

from flowplan.planner.plan import FieldChange, NodeChange, OutputChange, Plan
from flowplan.render.json_text import json_text
from flowplan.render.plan_json import plan_document


def test_a_first_plan_document_looks_like_this(first_plan, golden, schema):
    document = plan_document(first_plan)
    schema("plan", document)
    # Else every release would change the file.
    golden("plan_first.json", json_text({**document, "flowplan_version": "x.y.z"}))


def test_a_plan_document_of_settings_and_moves_looks_like_this(lifecycle_plan, golden, schema):
    document = plan_document(lifecycle_plan)
    schema("plan", document)
    golden("plan_lifecycle.json", json_text({**document, "flowplan_version": "x.y.z"}))


def test_a_changing_plan_fits_the_schema(changing_plan, schema):
    schema("plan", plan_document(changing_plan))


def test_the_keys_of_the_contract_are_there(changing_plan):
    document = plan_document(changing_plan)
    assert list(document) == [
        "format_version", "flowplan_version", "workflow", "endpoint", "mode", "changes", "drift",
        "outputs", "summary", "partial", "diagnostics",
    ]  # fmt: skip
    change = document["changes"][1]
    assert {"node", "type", "action", "reason", "resource_id", "depends_on", "fields", "order",
            "steps"} <= set(change)  # fmt: skip
    assert document["summary"] == {
        "create": 1, "update": 1, "replace": 1, "delete": 1, "import": 0, "move": 0, "forget": 0,
        "no-op": 1, "drift": 3,
    }  # fmt: skip


def test_equal_plans_are_byte_equal(changing_plan):
    again = replace(changing_plan, diagnostics=tuple(changing_plan.diagnostics))
    assert json_text(plan_document(changing_plan)) == json_text(plan_document(again))


def test_diagnostics_of_a_plan_have_no_place(changing_plan):
    item = plan_document(changing_plan)["diagnostics"][0]
    assert (item["file"], item["line"], item["column"]) == (None, None, None)


def test_what_is_not_known_is_null_with_known_false():
    field = FieldChange(("a",), "before", "ignored", known=False, origin="b")
    drawn = plan_document(
        Plan("w", "e", "apply", (NodeChange("n", "t", "update", "x", fields=(field,)),))
    )["changes"][0]["fields"][0]
    assert drawn["after"] is None
    assert drawn["known"] is False
    assert drawn["origin"] == "b"


def test_no_sensitive_value_gets_out():
    field = FieldChange(("a",), "s3cret", "s3cret", sensitive=True)
    plan = Plan(
        "w", "e", "apply", (NodeChange("n", "t", "update", "x", fields=(field,)),),
        outputs={"o": OutputChange("s3cret", "s3cret", sensitive=True)},
    )  # fmt: skip
    text = json.dumps(plan_document(plan))
    assert "s3cret" not in text
    assert text.count("(sensitive)") == 4


def test_a_refresh_has_drift_only_in_its_summary(schema):
    document = plan_document(Plan("w", "e", "refresh-only"))
    assert document["summary"] == {"drift": 0}
    schema("plan", document)
