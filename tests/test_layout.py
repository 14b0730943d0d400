"""The shape of the code: who may import whom, how long a file may be, what a wheel has."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREES = ("flowplan", "planner", "providers", "state")
FILE_LINES, FUNCTION_LINES = 400, 40
LEAVES = frozenset({"dataclass", "errors", "http", "lazy_json", "pattern", "protocol"})

# Package → the packages of flowplan that it may import, leaves and itself aside.
MAY_IMPORT = {
    "state": frozenset[str](),
    "planner": frozenset({"state"}),
    "providers": frozenset({"state.model"}),
    "project": frozenset({"planner"}),
    "render": frozenset({"planner", "state", "providers"}),
    "server": frozenset({"planner", "state", "providers", "project", "render"}),
}
# Distribution → the files that may import it, as prefixes of their path.
ONLY_IN = {
    "click": ("flowplan/cli/",),
    "requests": ("flowplan/http.py", "providers/sandbox/adapter.py"),
    "deepdiff": ("planner/diff.py",),
    "jinja2": ("planner/expressions/",),
    "rich": ("flowplan/render/",),
    "filelock": ("state/",),
    "boto3": ("state/backends/s3_bucket.py",),
    "botocore": ("flowplan/http_aws.py", "state/backends/s3_"),
    "psycopg": ("state/backends/postgres.py",),
    "flask": ("flowplan/server/",),
    "werkzeug": ("flowplan/server/",),
    "waitress": ("flowplan/server/",),
    "cryptography": ("flowplan/server/sealing.py",),
    "prometheus_client": ("flowplan/server/",),
}


def sources() -> list[Path]:
    found = [
        path
        for tree in TREES
        for path in sorted((ROOT / tree).rglob("*.py"))
        if not (ROOT / Path(*path.relative_to(ROOT).parts[:2])).is_symlink()
    ]
    assert len(found) > 100
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for item in ast.walk(tree_of(path)):
        if isinstance(item, ast.Import):
            yield from ((alias.name, item.lineno) for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and item.module:
            yield item.module, item.lineno


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if parts[0] != "flowplan":
        return parts[0]
    return parts[1] if len(parts) > 2 else parts[1].removesuffix(".py")


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_each_file_imports_only_what_its_layer_may_know(path: Path) -> None:
    package = package_of(path)
    for module, line in imports(path):
        head = module.split(".")[0]
        assert head not in {"planner", "providers", "state"}, (
            f"{name_of(path)}:{line}: bare {module}"
        )
        allowed = ONLY_IN.get(head)
        if allowed is not None:
            assert name_of(path).startswith(allowed), f"{name_of(path)}:{line}: {module}"
        if head != "flowplan" or "." not in module:
            continue
        wanted = module.removeprefix("flowplan.")
        base = wanted.split(".")[0]
        if base.split("_")[0] in LEAVES:
            continue
        if package.split("_")[0] in LEAVES:
            pytest.fail(f"{name_of(path)}:{line}: a leaf imports {module}")
        if package in MAY_IMPORT and base != package:
            ok = base in MAY_IMPORT[package] or wanted in MAY_IMPORT[package]
            assert ok, f"{name_of(path)}:{line}: {package} imports {module}"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_dataclasses_are_those_that_compile_late(path: Path) -> None:
    if name_of(path) == "flowplan/dataclass.py":
        return
    for item in ast.walk(tree_of(path)):
        if isinstance(item, ast.ImportFrom) and item.module == "dataclasses":
            ours = {"dataclass", "field", "replace"} & {alias.name for alias in item.names}
            assert not ours, f"{name_of(path)}:{item.lineno}: from flowplan.dataclass import {ours}"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= FILE_LINES, f"{name_of(path)} has {lines} lines"
    for item in ast.walk(tree_of(path)):
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = item.body[0] if ast.get_docstring(item) else None
            said = docstring.end_lineno - docstring.lineno + 1 if docstring else 0  # type: ignore[operator]
            length = (item.end_lineno or 0) - item.lineno + 1 - said
            assert length <= FUNCTION_LINES, f"{name_of(path)}:{item.lineno}: {item.name}: {length}"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_a_file_has_a_name_that_says_something_and_a_docstring(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_only_the_renderers_print(path: Path) -> None:
    if name_of(path).startswith("flowplan/render/"):
        return
    for item in ast.walk(tree_of(path)):
        if isinstance(item, ast.Call):
            called = ast.unparse(item.func)
            assert called not in {"print", "click.echo", "sys.stdout.write", "sys.stderr.write"}, (
                f"{name_of(path)}:{item.lineno}: {called}"
            )


def test_the_wheel_has_every_package_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = set(project["tool"]["setuptools"]["packages"])
    there = set()
    for path in sources():
        if path.name == "__init__.py":
            parts = path.parent.relative_to(ROOT).parts
            there.add(".".join(parts if parts[0] == "flowplan" else ("flowplan", *parts)))
    assert declared == there


def test_the_links_lead_to_the_packages() -> None:
    for name in ("planner", "providers", "state"):
        assert (ROOT / "flowplan" / name).resolve() == ROOT / name


def test_nothing_is_imported_under_a_bare_name() -> None:
    code = (
        "import sys, flowplan.cli.session, flowplan.planner.execute, flowplan.providers.registry\n"
        "sys.exit(', '.join({'planner', 'providers', 'state'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    "path", [path for path in sources() if path.name == "__init__.py"], ids=name_of
)
def test_what_a_package_says_it_exports_is_there(path: Path) -> None:
    names = {
        target.id
        for item in tree_of(path).body
        if isinstance(item, (ast.Assign, ast.AnnAssign))
        for target in (item.targets if isinstance(item, ast.Assign) else [item.target])
        if isinstance(target, ast.Name)
    }
    assert "__all__" in names
