"""Reading files: which syntax, which encoding, and what can't be read."""

from __future__ import annotations

import pytest

from flowplan.errors import TemplateError
from flowplan.planner.source import parse_text, read


def refusal(path):
    with pytest.raises(TemplateError) as caught:
        read(path)
    (diagnostic,) = caught.value.diagnostics
    assert caught.value.exit_code == 1
    return diagnostic


@pytest.mark.parametrize("name", ["t.yaml", "t.yml", "t", "t.txt"])
def test_a_file_is_yaml_unless_its_name_says_json(tmp_path, name):
    path = tmp_path / name
    path.write_text("a: yes\n")
    document = read(path)
    assert (document.syntax, document.value, document.name) == ("yaml", {"a": "yes"}, str(path))


@pytest.mark.parametrize("name", ["t.json", "t.JSON"])
def test_a_file_whose_name_ends_in_json_is_json(tmp_path, name):
    path = tmp_path / name
    path.write_text('{"a": [1, 2.5, null]}')
    assert (read(path).syntax, read(path).value) == ("json", {"a": [1, 2.5, None]})


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_a_byte_order_mark_is_accepted_and_counts_in_no_column(tmp_path, syntax):
    path = tmp_path / f"t.{syntax}"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read(path).value == {"a": 1}
    assert read(path).position(("a",)).column == 7


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    found = refusal(tmp_path / "none.yaml")
    assert found.code == "FP100"
    assert "none.yaml" in found.summary
    assert "No such file" in found.detail


def test_a_directory_is_an_error(tmp_path):
    assert refusal(tmp_path).code == "FP100"


def test_a_name_that_no_file_can_have_is_an_error(tmp_path):
    found = refusal(tmp_path / "a\0b")
    assert found.code == "FP100"
    assert "\0" not in found.summary


def test_bytes_that_are_not_utf_8_are_refused_with_their_place(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_bytes("a: é\nb: ü".encode() + b"\xff\n")
    found = refusal(path)
    assert (found.code, found.line, found.column) == ("FP141", 2, 5)
    assert "0xff" in found.detail


def test_a_utf_16_file_is_called_that(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("a: 1\n", encoding="utf-16")
    found = refusal(path)
    assert (found.code, found.detail) == ("FP141", "The file is UTF-16.")


def test_a_file_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("flowplan.planner.source.reading.MAX_BYTES", 10)
    path = tmp_path / "t.yaml"
    path.write_text("a: " + "b" * 20)
    found = refusal(path)
    assert (found.code, found.file) == ("FP138", str(path))


def test_a_fault_in_a_file_names_the_file(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("a: 1\na: 2\n")
    found = refusal(path)
    assert (found.code, found.file, found.line) == ("FP130", str(path), 2)


def test_equal_texts_in_both_syntaxes_are_equal_values():
    yaml = parse_text("a: [1, 2.5, 'x', null, true]\nb: {}\n", "t.yaml", "yaml")
    json = parse_text('{"a": [1, 2.5, "x", null, true], "b": {}}', "t.json", "json")
    assert yaml.value == json.value
