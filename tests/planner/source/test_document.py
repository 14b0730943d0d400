"""Where the parts of a document stand."""

from __future__ import annotations

import pytest

from flowplan.planner.source import Document, Position, parse_text

YAML = """\
# a comment
name: "x"
list:
- first
- {a: 1, b: [2,
    3]}
text: |
  one
  two
anchor: &x
  deep: 4
alias: *x
"""

JSON = '{\n\t"name": "x",\n\t"list": ["first", {"a": 1,\r\n"b": [2, -3.5e1]}],\n"t\\"k": true}'


def yaml_document():
    return parse_text(YAML, "t.yaml", "yaml")


def json_document():
    return parse_text(JSON, "t.json", "json")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), Position(2, 1, 9)),
        (("name",), Position(2, 7, 3)),
        (("list",), Position(4, 1, 7)),
        (("list", 0), Position(4, 3, 5)),
        (("list", 1), Position(5, 3, 13)),
        (("list", 1, "a"), Position(5, 7, 1)),
        (("list", 1, "b"), Position(5, 13, 3)),
        (("list", 1, "b", 1), Position(6, 5, 1)),
        (("text",), Position(7, 7, 1)),
        (("anchor", "deep"), Position(11, 9, 1)),
        (("alias",), Position(12, 8, 2)),
        (("alias", "deep"), Position(11, 9, 1)),
    ],
)
def test_a_value_in_yaml_has_its_place(path, place):
    assert yaml_document().position(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("name",), Position(2, 1, 4)),
        (("list", 1, "b"), Position(5, 10, 1)),
        (("anchor", "deep"), Position(11, 3, 4)),
    ],
)
def test_a_key_in_yaml_has_its_place(path, place):
    assert yaml_document().position(path, key=True) == place


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ((), False, Position(1, 1, 1)),
        (("name",), False, Position(2, 10, 3)),
        (("name",), True, Position(2, 2, 6)),
        (("list", 0), False, Position(3, 11, 7)),
        (("list", 1, "b"), True, Position(4, 1, 3)),
        (("list", 1, "b", 1), False, Position(4, 10, 6)),
        (('t"k',), True, Position(5, 1, 6)),
        (('t"k',), False, Position(5, 9, 4)),
    ],
)
def test_a_value_or_key_in_json_has_its_place(path, key, place):
    assert json_document().position(path, key=key) == place


@pytest.mark.parametrize("path", [("list", 7), ("list", "x"), ("list", 0, 0), ("list", -1)])
def test_what_is_not_there_has_the_place_of_its_nearest_parent(path):
    parent = ("list", 0) if path[1:] == (0, 0) else ("list",)
    assert yaml_document().position(path) == yaml_document().position(parent)


def test_an_index_into_an_object_has_the_place_of_the_object():
    assert yaml_document().position((0,)) == Position(2, 1, 9)


def test_an_item_of_a_list_has_no_key_and_gives_its_own_place():
    assert yaml_document().position(("list", 0), key=True) == Position(4, 3, 5)


def test_a_fragment_inside_a_value_has_its_place():
    document = parse_text('a: "x ${{ b }} and ${{ b }}"\n', "t.yaml", "yaml")
    assert document.position_of(("a",), ("b",)) == Position(1, 11, 1)
    assert document.position_of(("a",), ("${{", "${{", "b")) == Position(1, 24, 1)


def test_a_fragment_that_is_written_otherwise_gives_the_place_of_the_value():
    document = parse_text('a: "x\\u0041"\n', "t.yaml", "yaml")
    assert document.position_of(("a",), ("xA",)) == Position(1, 4, 9)


def test_no_fragment_gives_the_start_of_the_value():
    assert yaml_document().position_of(("name",), ()).column == 7


def test_columns_count_characters():
    document = parse_text("a: {é😀: [ü, b]}\n", "t.yaml", "yaml")
    assert document.position(("a", "é😀", 1)) == Position(1, 13, 1)


def test_lines_are_those_of_editors_and_not_all_that_yaml_breaks_at():
    document = parse_text('a: "x\u2028 y"\nb: [c]\n', "t.yaml", "yaml")
    assert document.position(("b", 0)) == Position(2, 5, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_begins_a_line(end):
    document = parse_text(f"a: 1{end}{end}b: 2{end}", "t.yaml", "yaml")
    assert document.position(("b",)) == Position(3, 4, 1)
    assert document.excerpt(3) == "b: 2"


def test_the_excerpt_is_the_line_without_its_end():
    assert yaml_document().excerpt(2) == 'name: "x"'


@pytest.mark.parametrize("line", [0, 99])
def test_there_is_no_excerpt_beyond_the_text(line):
    assert yaml_document().excerpt(line) == ""


def test_places_are_not_looked_up_before_somebody_asks(monkeypatch):
    def refuse(self):
        raise AssertionError("looked up")

    monkeypatch.setattr(Document, "_places", refuse)
    assert yaml_document().excerpt(1) == "# a comment"
    with pytest.raises(AssertionError, match="looked up"):
        yaml_document().position(("name",))


def test_places_are_looked_up_once(monkeypatch):
    from flowplan.planner.source import yaml_places

    calls = []
    real = yaml_places.places
    monkeypatch.setattr(yaml_places, "places", lambda text: calls.append(1) or real(text))
    document = yaml_document()
    document.position(("name",))
    document.position(("text",))
    assert len(calls) == 1
