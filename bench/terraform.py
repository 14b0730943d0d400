"""Terraform's side: a graph as `terraform_data` blocks, and the commands that work on it.

Its builtin resource needs no provider process and no network, so what is measured is Terraform's
own planning, walking and writing of state. This module must not know flowplan.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.graphs import Graph, Kind, Vertex, inputs_of
from bench.measure import Failed, Sample, run

__all__ = ["Terraform", "found", "text", "version"]

_NAMES = ("terraform", "tofu")
_GIVEN: dict[Kind, str] = {"model": "connector_id", "deployment": "model_id"}
_VERBS = {
    "plan": ("plan", "-input=false"),
    "apply": ("apply", "-input=false", "-auto-approve"),
    "no change": ("plan", "-input=false"),
    "one change": ("plan", "-input=false"),
    "destroy": ("destroy", "-input=false", "-auto-approve"),
}


def found() -> str | None:
    """The path of Terraform or OpenTofu, None when neither is on PATH."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def version(program: str) -> str:
    """What it says that it is, in one line."""
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


def text(graph: Graph, *, changed: int = 0) -> str:
    """The graph in HCL, one block a node; the first `changed` have another description."""
    blocks = ['terraform {\n  required_version = ">= 1.4"\n}\n']
    blocks += (_block(vertex, graph, changed=vertex.number < changed) for vertex in graph.vertices)
    return "\n".join(blocks)


def _block(vertex: Vertex, graph: Graph, *, changed: bool) -> str:
    lines = [*_members(inputs_of(vertex, changed=changed), "    ")]
    for before in vertex.after:
        other = graph.vertices[before].name
        key = _GIVEN.get(vertex.kind, f"after_{other}")
        lines.append(f"    {key} = terraform_data.{other}.id\n")
    return f'resource "terraform_data" "{vertex.name}" {{\n  input = {{\n{"".join(lines)}  }}\n}}\n'


def _members(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield f"{indent}{json.dumps(key)} = {_hcl(item, indent)}\n"


def _hcl(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return f"{{\n{''.join(_members(value, indent + '  '))}{indent}}}"
    if isinstance(value, list):
        return f"[{', '.join(_hcl(item, indent) for item in value)}]"
    # JSON's texts are HCL's but for the two ways to begin a template.
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


class Terraform:
    """One graph in one directory; `verb` runs one command on it."""

    def __init__(self, program: str, directory: Path, graph: Graph, parallelism: int = 10) -> None:
        self.program = program
        self.directory = directory
        self.parallelism = parallelism
        # Nothing is asked of the network, and no file of the user's changes what is measured.
        settings = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.env = {**os.environ, **settings, "TF_CLI_CONFIG_FILE": os.devnull}
        directory.mkdir(parents=True, exist_ok=True)
        self._texts = {"as it is": text(graph), "changed": text(graph, changed=1)}
        self._write("as it is")
        made = subprocess.run(
            [program, "init", "-input=false", "-no-color"], cwd=directory, env=self.env,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            raise Failed(f"{program} init failed\n{made.stderr}")

    def verb(self, name: str) -> Sample:
        """Run one step of a life: plan, apply, no change, one change, destroy."""
        words = _VERBS[name]
        if name == "one change":
            self._write("changed")
        try:
            return self.run(*words, "-no-color", f"-parallelism={self.parallelism}")
        finally:
            if name == "one change":
                self._write("as it is")

    def run(self, *words: str) -> Sample:
        """Run any command."""
        return run([self.program, *words], cwd=self.directory, env=self.env)

    def forget(self) -> None:
        """Begin again: without a state."""
        for path in self.directory.glob("terraform.tfstate*"):
            path.unlink()

    def _write(self, which: str) -> None:
        (self.directory / "main.tf").write_text(self._texts[which], "utf-8")
