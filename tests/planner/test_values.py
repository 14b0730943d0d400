"""Marks on values, and the three exits they leave the planner by."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.planner.values import (
    Sensitive,
    Unknown,
    canonical,
    has_unknown,
    is_sealed,
    leaves,
    masked,
    reveal,
    seal,
    seal_at,
    sensitive_paths,
)

SALT = "00" * 32
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def hide(tree: Any) -> Any:
    """The tree with every leaf that is a text wrapped."""
    if isinstance(tree, dict):
        return {key: hide(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [hide(item) for item in tree]
    return Sensitive(tree) if isinstance(tree, str) else tree


@given(TREES)
def test_what_was_hidden_is_revealed_as_it_was(tree: Any) -> None:
    assert reveal(hide(tree)) == tree


@given(TREES)
def test_sealing_hides_exactly_the_sensitive_leaves(tree: Any) -> None:
    sealed = seal(hide(tree), SALT)
    for path, leaf in leaves(hide(tree)):
        there = sealed
        for key in path:
            there = there[key]
        assert is_sealed(there) == isinstance(leaf, Sensitive)


@given(TREES)
def test_sealing_observed_values_at_those_paths_gives_the_same_digests(tree: Any) -> None:
    hidden = hide(tree)
    if isinstance(tree, (dict, list)):
        assert seal_at(tree, sensitive_paths(hidden), SALT) == seal(hidden, SALT)


def test_a_digest_depends_on_path_and_salt() -> None:
    first = seal({"a": Sensitive("x"), "b": Sensitive("x")}, SALT)
    assert first["a"] != first["b"]
    assert seal({"a": Sensitive("x")}, "11" * 32)["a"] != first["a"]


def test_a_string_that_a_server_folded_a_secret_into_is_sealed_whole() -> None:
    folded = seal_at({"p": '{"key":"s3cret"}'}, frozenset({("p", "key")}), SALT)
    assert is_sealed(folded["p"])


def test_a_sealed_value_is_not_sealed_again() -> None:
    once = seal({"a": Sensitive("x")}, SALT)
    assert seal_at(once, frozenset({("a",)}), SALT) == once


def test_people_see_a_word_for_what_is_sensitive_and_nothing_for_what_is_unknown() -> None:
    tree = {"a": Sensitive("x"), "b": Unknown("n"), "c": [seal(Sensitive("y"), SALT), 1]}
    assert masked(tree) == {"a": "(sensitive)", "b": None, "c": ["(sensitive)", 1]}
    assert masked(Unknown("n", sensitive=True)) == "(sensitive)"


@pytest.mark.parametrize("leave", [reveal, lambda tree: seal(tree, SALT)])
def test_what_is_not_known_is_neither_sent_nor_stored(leave: Any) -> None:
    with pytest.raises(ValueError, match=r"a\.0"):
        leave({"a": [Unknown("node")]})


def test_a_secret_is_not_in_its_repr() -> None:
    assert "s3cret" not in repr({"a": Sensitive("s3cret")})


def test_unknown_is_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": Unknown("n")}]})
    assert not has_unknown({"a": [{"b": 1}]})


def test_numbers_truth_and_texts_differ_in_the_canonical_form() -> None:
    assert len({canonical(value) for value in (1, 1.0, True, "1")}) == 4
