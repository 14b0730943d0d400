"""What holds for every text: equal meaning in both syntaxes, and no error but ours."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from flowplan.errors import TemplateError
from flowplan.planner.source import parse_text
from flowplan.planner.values import canonical, leaves

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["<<", "null", "1", "yes", "~", "", "---", "a: b", "*x", "&x", "!x"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
SYNTAXES = st.sampled_from(["yaml", "json"])
PIECES = st.lists(
    st.sampled_from(
        [
            "a", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ", ", '"', "'", "&x ", "*x", "<<", "!!str ",
            "? ", "| \n", ">", "#", "\t", "1", "1.5", "NaN", "null", "---\n", "...", "%YAML 1.1\n", "\\", "\x85",
            "\ufeff", "\u2028", "é", "\x00", "\ud800", "\r",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


def written_as_yaml(value, indent=""):
    """Block style with JSON scalars, which YAML reads alike."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        members = (
            f"{indent}? {escaped(key)}\n{indent}: {placed(item, deeper)}"
            for key, item in value.items()
        )
        return "\n".join(members)
    if isinstance(value, list) and value:
        return "\n".join(f"{indent}- {placed(item, deeper)}" for item in value)
    return escaped(value)


def placed(value, indent):
    if isinstance(value, (dict, list)) and value:
        return "\n" + written_as_yaml(value, indent)
    return escaped(value)


def escaped(value):
    text = json.dumps(value)
    # YAML has no surrogate pairs.
    return json.dumps(value, ensure_ascii=False) if "\\ud" in text else text


def printable(text):
    return all(mark in "\t\n" or (mark.isprintable() and mark != "\ufeff") for mark in text)


@given(TREES)
def test_a_tree_reads_alike_from_json_and_from_block_yaml(tree):
    wanted = canonical(tree)
    assert canonical(parse_text(json.dumps(tree), "t.json", "json").value) == wanted
    text = written_as_yaml(tree)
    if printable(text):
        assert canonical(parse_text(text, "t.yaml", "yaml").value) == wanted


@given(TREES)
def test_json_is_read_alike_as_yaml(tree):
    text = json.dumps(tree)
    if "\\ud" not in text:
        as_yaml = parse_text(text, "t.yaml", "yaml").value
        assert canonical(as_yaml) == canonical(parse_text(text, "t.json", "json").value)


@given(TREES, SYNTAXES)
def test_every_leaf_stands_where_its_place_says(tree, syntax):
    text = json.dumps(tree, indent=1)
    if syntax == "yaml" and "\\ud" in text:
        return
    document = parse_text(text, "t", syntax)
    for path, leaf in leaves(tree):
        start, end = document.extent(path)
        assert json.loads(text[start:end]) == leaf


@settings(max_examples=300)
@given(PIECES | st.text(max_size=60), SYNTAXES)
def test_no_text_raises_anything_but_a_template_error(text, syntax):
    try:
        document = parse_text(text, "t", syntax)
    except TemplateError as error:
        (found,) = error.diagnostics
        assert found.code.startswith("FP1")
        assert (found.line or 0) >= 1
        assert (found.column or 0) >= 1
    else:
        document.position(("a", 0, "b"))


@given(st.binary(max_size=60))
def test_no_file_raises_anything_but_a_template_error(tmp_path_factory, data):
    from flowplan.planner.source import read

    path = tmp_path_factory.mktemp("any") / "t.yaml"
    path.write_bytes(data)
    with contextlib.suppress(TemplateError):
        read(path)
