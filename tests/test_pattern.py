"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from flowplan.pattern import pattern


def test_it_finds_what_a_compiled_one_finds() -> None:
    for _ in range(2):
        letters = pattern("([a-c])", re.IGNORECASE)
        assert [it.group() for it in letters.finditer("xAyb")] == ["A", "b"]
        assert letters.sub("-", "xAyb") == "x-y-"
        assert letters.fullmatch("A")
        assert letters.match("xA") is None
        assert letters.search("xA")
        assert letters.findall("abd") == ["a", "b"]
        assert letters.split("1a2") == ["1", "a", "2"]


def test_nothing_is_compiled_before_it_is_used() -> None:
    broken = pattern("(")
    with pytest.raises(re.error):
        broken.search("x")


def test_it_has_nothing_else() -> None:
    with pytest.raises(AttributeError):
        _ = pattern("a").groups
