"""Builders that the state's tests share, as fixtures: test modules can't import each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import flowplan
from flowplan.state.model import IntentRecord, ResourceRecord, State


@pytest.fixture
def record():
    def build(node="create_connector_1", type="create_connector", **fields):
        known = {"resource_type": "connector_id", "resource_id": f"id-{node}", **fields}
        return ResourceRecord(node, type, **known)

    return build


@pytest.fixture
def intent(record):
    def build(id="i1", node="create_connector_1", verb="create", **fields):
        return IntentRecord(id, node, "create_connector", verb, 1.5, record(node), **fields)

    return build


@pytest.fixture
def state(record):
    def build(*nodes, serial=0, **fields):
        known = {"lineage": "8xL8bowB8y25Tqfenm50", "workflow": "chat", "salt": "ab" * 32, **fields}
        resources = {node: record(node) for node in nodes}
        return State(serial=serial, resources=resources, **known)

    return build


@pytest.fixture
def run_python():
    """Start a Python that sees the same flowplan; its output is text, a line at a time."""
    root = str(Path(flowplan.__file__).parents[1])
    started = []

    def start(script, *arguments):
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stdin.close()
