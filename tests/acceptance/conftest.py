"""flowplan as a script calls it, in a directory that has only what a test puts there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowplan.__main__ import main
from tests.acceptance.chat import KEY, ROOT, Result, chat, start, write
from tests.acceptance.terminal import run_on_terminal


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the caller's environment decides a test."""
    for name in list(os.environ):
        if name.startswith("FLOWPLAN_") or name in {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", KEY)
    (tmp_path / "work").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working directory."""
    return tmp_path / "work"


@pytest.fixture
def project(here: Path) -> Path:
    """The working directory with a `template.yaml`."""
    write(here / "template.yaml", chat())
    return here


@pytest.fixture
def flowplan(capfd):
    """Call flowplan in this process; it may never show a traceback or the key."""

    def call(*argv: str) -> Result:
        capfd.readouterr()
        code = main(argv)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert KEY not in out + err
        return Result(code, out, err)

    return call


@pytest.fixture
def applied(project: Path, flowplan) -> Path:
    """The same after an apply."""
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    return project


@pytest.fixture
def process():
    """Start flowplan as a process of its own."""
    started = []

    def call(*argv: str, **settings):
        started.append(start(*argv, **settings))
        return started[-1]

    yield call
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def conforms():
    """Check a document against its published schema."""
    jsonschema = pytest.importorskip("jsonschema")

    def check(document, schema: str):
        text = (ROOT / "docs" / "schema" / f"{schema}.json").read_text()
        validator = jsonschema.validators.validator_for(json.loads(text))
        validator(json.loads(text)).validate(document)
        return document

    return check


@pytest.fixture
def terminal():
    """Call flowplan on a terminal; it may never show a traceback or the key."""

    def call(*argv: str, typed: str = "") -> tuple[int, str]:
        code, shown = run_on_terminal(*argv, typed=typed)
        assert "Traceback" not in shown
        assert KEY not in shown
        return code, shown

    return call
