"""What YAML means here: JSON's words and numbers, and text for all the rest."""

from __future__ import annotations

import pytest

from flowplan.planner.source import parse_text


def value_of(text):
    return parse_text(text, "t.yaml", "yaml").value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-0", 0),
        ("12", 12),
        ("-7", -7),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("2E-2", 0.02),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_a_plain_scalar_in_json_grammar_is_that_value(written, meant):
    found = value_of(f"a: {written}\n")["a"]
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    "written",
    [
        "yes", "no", "on", "off", "True", "NULL", "~", "017", "0x1f", "0o7", "12:30:45",
        "2024-01-01", "+1", "1_000", ".5", "5.", "1e", "-x", "2.12.0", "=", "nan", "inf", "n", "t",
        "١٢",
    ],
)  # fmt: skip
def test_any_other_plain_scalar_is_text(written):
    assert value_of(f"a: {written}\n") == {"a": written}


@pytest.mark.parametrize("quoted", ["'12'", '"12"', "|-\n  12", ">-\n  12"])
def test_a_scalar_in_quotes_or_a_block_is_text(quoted):
    assert value_of(f"a: {quoted}\n") == {"a": "12"}


def test_keys_are_texts_as_written():
    text = "1: a\n1.0: b\ntrue: c\nnull: d\n2024-01-01: e\n"
    assert list(value_of(text)) == ["1", "1.0", "true", "null", "2024-01-01"]


def test_an_empty_key_in_quotes_is_allowed():
    assert value_of('"": 1\n') == {"": 1}


def test_a_merge_key_in_quotes_is_an_ordinary_key():
    assert value_of('"<<": 1\n') == {"<<": 1}


def test_an_alias_stands_for_its_anchor():
    assert value_of("a: &x [1, {b: 2}]\nc: *x\n") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_an_alias_may_stand_for_a_text():
    assert value_of("a: &x text\nb: *x\n") == {"a": "text", "b": "text"}


def test_an_alias_may_stand_for_a_key():
    assert value_of("&k name: 1\nb: *k\n") == {"name": 1, "b": "name"}


def test_the_latest_anchor_of_a_name_counts():
    assert value_of("a: &x 1\nb: &x 2\nc: *x\n")["c"] == 2


def test_a_document_may_be_a_single_value():
    assert value_of("--- text\n") == "text"


def test_the_markers_of_a_document_are_allowed():
    assert value_of("%YAML 1.1\n---\na: 1\n...\n") == {"a": 1}


def test_windows_line_ends_are_read():
    assert value_of("a: 1\r\nb:\r\n  - x\r\n") == {"a": 1, "b": ["x"]}


def test_a_text_keeps_every_character():
    assert value_of('a: "\\0\\x01\\uFEFF\\U0001F600é"\n') == {"a": "\0\x01\ufeff😀é"}


def test_a_hundred_levels_are_allowed():
    value = value_of("[" * 100 + "]" * 100)
    for _ in range(99):
        (value,) = value
    assert value == []


def test_members_keep_their_order():
    assert list(value_of("b: 1\na: 2\nc: 3\n")) == ["b", "a", "c"]


def test_the_slow_parser_is_used_where_libyaml_is_missing(monkeypatch):
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader")
    assert value_of("a: [1, yes, ~]\n") == {"a": [1, "yes", "~"]}
