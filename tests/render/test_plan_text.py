"""Plans as people see them, at 80 columns."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from flowplan.planner.plan import Binding, Drift, FieldChange, NodeChange, OutputChange, Plan
from flowplan.render.look import Look
from flowplan.render.plan_text import plan_text

LOOK = Look()


def test_a_first_plan_looks_like_this(first_plan, golden):
    golden("plan_first.txt", plan_text(first_plan, LOOK, next_step="flowplan apply"))


def test_a_plan_without_its_secrets_looks_like_this(first_plan, golden):
    create, *rest = first_plan.changes
    fields = [
        replace(field, after=None, known=False) if field.sensitive else field
        for field in create.fields
    ]
    moved = FieldChange(("credential", "second"), "(sensitive)", sensitive=True, known=False)
    update = NodeChange("other", "create_connector", "update", "changed", "x", fields=(moved,))
    changes = (replace(create, fields=tuple(fields)), *rest, update)
    plan = replace(first_plan, changes=changes, not_given=("openai_key",))
    golden("plan_without_secrets.txt", plan_text(plan, LOOK))


def test_no_changes_without_the_secrets_says_so(empty_plan):
    text = plan_text(replace(empty_plan, not_given=("a", "b")), LOOK)
    assert text.splitlines()[1] == "Not given: a, b. What is made of it is taken as unchanged."


def test_a_changing_plan_in_a_pipe_looks_like_this(changing_plan, golden):
    step = "flowplan apply --allow-delete noisy_tool_index, or keep the node."
    golden("plan_changes_pipe.txt", plan_text(changing_plan, LOOK, next_step=step))


def test_a_changing_plan_on_a_terminal_looks_like_this(changing_plan, golden):
    golden("plan_changes_terminal.txt", plan_text(changing_plan, Look(short=True)))


def test_a_changing_plan_with_verbose_looks_like_this(changing_plan, golden):
    golden("plan_changes_verbose.txt", plan_text(changing_plan, Look(verbose=True)))


def test_a_plan_of_settings_and_moves_looks_like_this(lifecycle_plan, golden):
    golden("plan_lifecycle.txt", plan_text(lifecycle_plan, LOOK, next_step="flowplan apply"))


def test_colour_changes_no_word(changing_plan):
    coloured = plan_text(changing_plan, Look(colour=True))
    assert "\x1b[" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plan_text(changing_plan, LOOK)


def test_a_plan_without_changes_is_one_line(empty_plan):
    assert plan_text(empty_plan, LOOK) == (
        "No changes. 14 resources match the template (checked on the cluster in 3 requests)."
    )


def test_without_a_refresh_the_one_line_says_so(empty_plan):
    text = plan_text(replace(empty_plan, checked=False), LOOK)
    assert text.endswith("(compared with the state only).")


def test_one_resource_matches_in_the_singular():
    plan = Plan("w", "e", "apply", (NodeChange("a", "t", "no-op", ""),), requests=1)
    assert "1 resource matches the template (checked on the cluster in 1 request)" in plan_text(
        plan, LOOK
    )


def test_a_destroy_of_nothing_says_so():
    text = plan_text(Plan("w", "e", "destroy"), LOOK)
    assert text == "No changes. Nothing is left to destroy."


def test_a_refresh_without_drift_says_so():
    assert "as it was recorded" in plan_text(Plan("w", "e", "refresh-only"), LOOK)


def test_only_changed_outputs_are_no_empty_plan(empty_plan):
    plan = replace(empty_plan, outputs={"a": OutputChange(1, 2)})
    text = plan_text(plan, LOOK)
    assert "  a  1 → 2" in text
    assert text.endswith("Plan: only outputs change.")


def test_drift_that_is_left_alone_is_reported_without_a_change(empty_plan):
    drift = (Drift("a", "t", "i", (FieldChange(("x",), 1, 2),)),)
    text = plan_text(replace(empty_plan, drift=drift), LOOK)
    assert "x 1 → 2, not set by the template: left alone" in text
    assert text.endswith("No changes: 1 drifted, left alone.")


def test_some_blocked_deletes_are_counted():
    changes = (
        NodeChange("a", "create_index", "delete", "removed", blocked="a"),
        NodeChange("b", "create_connector", "delete", "removed"),
    )
    assert "2 to delete (1 blocked)." in plan_text(Plan("w", "e", "apply", changes), LOOK)


def test_a_sensitive_value_is_never_drawn():
    fields = (
        FieldChange(("a",), "s3cret-old", "s3cret-new", sensitive=True),
        FieldChange(("b",), None, "s3cret-new", sensitive=True, added=True),
        FieldChange(("c",), "s3cret-old", None, sensitive=True, removed=True),
        FieldChange(("d",), "s3cret-old", "s3cret", sensitive=True, known=False, origin="x"),
    )
    for action in ("create", "update", "delete"):
        plan = Plan("w", "e", "apply", (NodeChange("n", "t", action, "new", fields=fields),))
        assert "s3cret" not in plan_text(plan, Look(verbose=True))


def test_an_escape_sequence_in_a_name_is_shown_not_sent():
    evil = "a\x1b[2Jb\u202ec"
    change = NodeChange(evil, evil, "create", evil, fields=(FieldChange((evil,), None, evil),))
    text = plan_text(Plan(evil, evil, "apply", (change,), state_location=evil), LOOK)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2Jb\\u202ec" in text


def test_two_long_values_stand_one_above_the_other():
    field = FieldChange(("description",), "x" * 50, "y" * 50)
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", "update", "changed", fields=(field,)),))
    lines = plan_text(plan, LOOK).splitlines()
    at = lines.index("        description")
    assert lines[at + 1] == f'          - "{"x" * 50}"'
    assert lines[at + 2] == f'          + "{"y" * 50}"'


def test_a_text_of_several_lines_is_compared_line_by_line():
    field = FieldChange(("system_prompt",), "one\ntwo\nthree\n", "one\n2\nthree\n")
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", "update", "changed", fields=(field,)),))
    text = plan_text(plan, LOOK)
    assert "          - two\n          + 2\n" in text
    assert "three" not in text


def test_a_body_that_differs_in_spacing_only_still_shows_a_change():
    field = FieldChange(("body",), '{"a": 1}', '{"a":1}')
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", "update", "changed", fields=(field,)),))
    assert r'"{\"a\": 1}" → "{\"a\":1}"' in plan_text(plan, LOOK)


def test_a_state_that_was_never_written_has_no_serial(first_plan):
    assert "template.state.json, not written yet" in plan_text(first_plan, LOOK)


def test_header_and_state_share_a_line_where_they_fit(first_plan):
    plan = replace(first_plan, workflow="w", server="", binding=Binding(serial=3))
    first = plan_text(plan, LOOK).splitlines()[0]
    assert first == "w → sandbox:".ljust(80 - 36) + " state: template.state.json, serial 3"[
        1:
    ].rjust(36)


@pytest.mark.parametrize("action", ["import", "move", "forget"])
def test_rarer_actions_are_counted(action):
    plan = Plan("w", "e", "apply", (NodeChange("n", "t", action, "requested"),))
    assert plan_text(plan, LOOK).endswith(f"Plan: 1 to {action}.")


def test_no_line_of_a_plan_is_wider_than_the_screen_but_for_values(changing_plan):
    text = plan_text(changing_plan, Look(short=True))
    assert max(len(line) for line in text.splitlines()) <= 80


def test_an_output_that_goes_is_removed(empty_plan):
    plan = replace(empty_plan, outputs={"a": OutputChange("x", None)})
    assert '  a  "x" → (removed)' in plan_text(plan, LOOK)
