"""Whatever stands in a project file, it is read or refused with a place, never with a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from flowplan.errors import ProjectError
from flowplan.project.block import BLOCK_KEYS, CREDENTIAL_KEYS
from flowplan.project.choose import choose
from flowplan.project.grammar import KEYS, read_project

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schema" / "project.json").read_text("utf-8")
)

WORDS = st.sampled_from(
    ["env", "file", "dev", "prod", "all", "{env}", "{template}", "sandbox:", "https://h", "s3://b/k",
     "", " ", "a/b", "https://u@h", "es", "region", "service", *KEYS, *CREDENTIAL_KEYS]
)  # fmt: skip
LEAVES = st.one_of(WORDS, st.none(), st.booleans(), st.integers(-1, 300), st.floats(0, 1))
ANY = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
SOURCE = st.one_of(st.dictionaries(st.sampled_from(["env", "file"]), WORDS, max_size=2), ANY)
CREDENTIALS = st.dictionaries(st.sampled_from(CREDENTIAL_KEYS), SOURCE, max_size=4)


def block(more=()):
    keys = dict.fromkeys(BLOCK_KEYS, ANY) | {"credentials": CREDENTIALS} | dict(more)
    return st.fixed_dictionaries({}, optional=keys)


FILE = block({
    "template": ANY, "default_env": WORDS, "environments": st.dictionaries(WORDS, block(), max_size=2),
})  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "flowplan.json"


def outcome(path):
    """The file as it was read, or the error that refuses it."""
    try:
        return read_project(path)
    except ProjectError as error:
        return error


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(FILE, ANY))
def test_a_file_is_read_or_refused_with_a_place_and_what_is_read_fits_the_schema(path, value):
    path.write_text(json.dumps(value))
    found = outcome(path)
    if isinstance(found, ProjectError):
        assert all(item.line is not None and item.hint for item in found.diagnostics)
        return
    Draft7Validator(SCHEMA).validate(value)
    for name in found.environments:
        assert choose(found, name, {}).environment == name
