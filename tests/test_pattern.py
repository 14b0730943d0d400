"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowplan.pattern import pattern

ROOT = Path(__file__).resolve().parents[1]


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


def in_a_process(code: str) -> str:
    """What a new interpreter prints for `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_a_library_s_patterns_are_compiled_when_it_uses_them() -> None:
    code = """
import re
from flowplan.planner.source.yaml_events import events
import yaml
print(type(yaml.reader.Reader.NON_PRINTABLE).__name__, re.compile("a").__class__.__name__)
print(sum(1 for _ in events("a: 1")))
print(yaml.load("a: 2026-11-21", yaml.SafeLoader), yaml.safe_dump({"b": "1"}).strip())
try:
    yaml.load("a: \\x01", yaml.SafeLoader)
except yaml.reader.ReaderError as error:
    print(error.reason)
"""
    assert in_a_process(code).splitlines() == [
        "_Later Pattern",
        "8",
        "{'a': datetime.date(2026, 11, 21)} b: '1'",
        "special characters are not allowed",
    ]


def test_with_threads_about_nothing_else_meets_another_compile() -> None:
    code = """
import threading
import re
from flowplan.pattern import compiled_later
with compiled_later():
    print(re.compile("a").__class__.__name__)
"""
    assert in_a_process(code) == "Pattern\n"


def test_compile_is_itself_again_after_a_failed_import() -> None:
    code = """
import re
from flowplan.pattern import compiled_later
try:
    with compiled_later():
        print(re.compile("a").__class__.__name__)
        raise ImportError
except ImportError:
    print(re.compile("a").__class__.__name__)
"""
    assert in_a_process(code).split() == ["_Later", "Pattern"]
