"""A template that flowplan wrote as YAML is read back as just that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowplan.planner.source import parse_text
from flowplan.render.template_yaml import template_yaml

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def read(text: str) -> Any:
    return parse_text(text, "t.yaml", "yaml").value


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8), TREES, min_size=1, max_size=4
    )
)
@example(
    {"a": "1e3", "b": "yes", "<<": "x", "": " ", "c": "a\n\nb \n", "d": "# x", "e": "\x85\u2028"}
)
@example({"a": 1e22, "b": -0.0, "c": 1.5e-9, "d": "1_000", "e": "0x1f", "f": "12:30", "~": "null"})
@example({"a": "/* x", "b": "x //y", "c": "\ta", "d": "a: b", "e": "- a", "f": "…", "g": "\ufeff"})
@example({"a": "a\r\nb", "b": "\n", "c": "  x\ny", "d": "x\n ", "e": "trailing "})
def test_what_is_read_back_is_what_was_written(document: dict[str, Any]) -> None:
    for unicode in (True, False):
        found = read(template_yaml(document, {}, unicode=unicode))
        assert found == document
        assert repr(found) == repr(document)


def test_texts_of_several_lines_stand_as_they_are() -> None:
    assert template_yaml({"a": {"b": "one\ntwo\n"}}, {}) == "a:\n  b: |\n    one\n    two"


@pytest.mark.parametrize("word", ["1", "true", "null", "1e3", "", "-0.5", "a // b", ".inf"])
def test_a_text_that_would_be_read_as_something_else_is_quoted(word: str) -> None:
    assert template_yaml({"a": word}, {}) == f'a: "{word}"'


def test_comments_stand_above_their_keys_and_first_of_all() -> None:
    drawn = template_yaml({"a": 1, "b": [2]}, {"": ["top"], "b": ["of b", "more"]})
    assert drawn == "# top\na: 1\n# of b\n# more\nb:\n  - 2"
