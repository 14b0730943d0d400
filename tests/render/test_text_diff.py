"""Line diffs of long strings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowplan.render.text_diff import changed_lines, json_lines


def test_a_body_with_bare_placeholders_is_read_as_json():
    lines = json_lines('{"a": ${parameters.x}, "b": "${parameters.y}"}')
    assert lines == ["{", '  "a": ${parameters.x},', '  "b": "${parameters.y}"', "}"]


def test_quotes_inside_strings_are_respected():
    assert json_lines('{"a": "say \\"${x}\\""}') == ["{", '  "a": "say \\"${x}\\""', "}"]


def test_what_is_no_json_is_left_alone():
    assert json_lines("plain") is None
    assert json_lines('{"a": ') is None
    assert json_lines('{"a": ${x') is None
    assert json_lines("[" * 100_000) is None


def test_only_changed_lines_are_shown_with_a_mark_between_far_ones():
    before = ["a", "b", "c", "d"]
    after = ["A", "b", "c", "D"]
    assert changed_lines(before, after) == [
        ("-", "a"), ("+", "A"), ("…", ""), ("-", "d"), ("+", "D"),
    ]  # fmt: skip


def test_equal_texts_have_no_changed_lines():
    assert changed_lines(["a"], ["a"]) == []


def test_very_long_texts_are_matched_at_their_ends_only():
    before = [str(number) for number in range(5000)]
    after = [*before[:2500], "new", *before[2501:]]
    assert changed_lines(before, after) == [("-", "2500"), ("+", "new")]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_removed_and_added_lines_account_for_both_texts(before, after):
    changed = changed_lines(before, after)
    removed = [line for sign, line in changed if sign == "-"]
    added = [line for sign, line in changed if sign == "+"]
    assert len(before) - len(removed) == len(after) - len(added)


@given(st.text())
def test_no_text_breaks_the_reading(text):
    json_lines(text)
    json_lines("{" + text)
