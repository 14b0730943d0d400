"""The generated pages are up to date, and the catalogue and the sources name the same codes."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from docs import generate

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = (
    "errors.md", "cli.md", "steps.md", "schema/template.json", "../flowplan/cli/help_page.py",
)  # fmt: skip


@cache
def made() -> dict[str, str]:
    return generate.documents()


def used_codes() -> frozenset[str]:
    """The codes that stand as literals of their own in the sources."""
    found = set()
    for tree in ("flowplan", "planner", "providers", "state"):
        for path in (ROOT / tree).rglob("*.py"):
            for item in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    code = item.value
                    if len(code) == 5 and code.startswith("FP") and code[2:].isdigit():
                        found.add(code)
    return frozenset(found)


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((DOCS / "errors.yaml").read_text("utf-8"))
    return found


def test_every_generated_file_is_named_here() -> None:
    assert set(made()) == set(GENERATED)


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == made()[name], "run: make docs"


def test_every_code_in_the_sources_is_in_the_catalogue() -> None:
    assert used_codes() - {entry["code"] for entry in entries()} == set()


def test_the_catalogue_has_no_code_that_the_sources_do_not_use() -> None:
    assert {entry["code"] for entry in entries()} - used_codes() == set()


def test_the_catalogue_has_each_code_once_and_in_order() -> None:
    codes = [entry["code"] for entry in entries()]
    assert codes == sorted(set(codes))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry["code"]))
def test_an_entry_of_the_catalogue_is_complete(entry: dict[str, Any]) -> None:
    assert set(entry) - {"severity"} == {"code", "title", "cause", "fix", "example"}
    assert all(str(value).strip() for value in entry.values())
    assert "!" not in entry["title"] + entry["cause"] + entry["fix"]


# ---- the schema for editors --------------------------------------------------------------------


@cache
def validator() -> Any:
    schema = json.loads(made()["schema/template.json"])
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def templates() -> list[Path]:
    return sorted(
        path
        for path in (ROOT / "examples").rglob("template.*")
        if path.suffix in {".yaml", ".json"} and not path.name.endswith(".state.json")
    )


def test_there_are_examples_in_both_syntaxes() -> None:
    assert {path.suffix for path in templates()} == {".yaml", ".json"}


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_schema_admits_an_example(path: Path) -> None:
    errors = [error.message for error in validator().iter_errors(yaml.safe_load(path.read_text()))]
    assert errors == []


def written(code: str) -> Any:
    entry = next(entry for entry in entries() if entry["code"] == code)
    return yaml.safe_load(entry["example"]["template"])


@pytest.mark.parametrize(
    "code",
    ["FP102", "FP103", "FP105", "FP106", "FP108", "FP120", "FP122", "FP123", "FP124", "FP125",
     "FP127", "FP156"],
)  # fmt: skip
def test_the_schema_finds_a_mistake_that_needs_no_other_node(code: str) -> None:
    assert not validator().is_valid(written(code))


@pytest.mark.parametrize("code", ["FP112", "FP118", "FP126", "FP160", "FP166", "FP210", "FP330"])
def test_the_schema_admits_what_is_no_mistake_of_the_template(code: str) -> None:
    assert validator().is_valid(written(code))


def test_the_schema_admits_an_expression_in_the_place_of_any_input() -> None:
    template = written("FP330")
    template["workflows"]["provision"]["nodes"][0]["user_inputs"] |= {
        "parameters": "${{ parameters }}",
        "actions": "${{ actions }}",
    }
    assert validator().is_valid(template)
