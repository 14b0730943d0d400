"""Writes what is generated of the documentation: three pages and the schema of templates.

    python docs/generate.py

Everything comes from one source each: the catalogue `errors.yaml`, the program's own `--help`, the
step types' schemas. A test compares the files with what this would write. It must not know
anything that is not said there.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from flowplan.__main__ import main
from flowplan.cli.app import SANDBOX_VERBS, STATE_VERBS, VERBS
from flowplan.planner.template.model import CHECK_KINDS, EXPECTATIONS, PARAM_TYPES
from flowplan.protocol import InputSpec, StepSchema
from flowplan.providers.registry import Registry

HERE = Path(__file__).resolve().parent
MADE = "<!-- Made by docs/generate.py. Do not edit. -->"
WIDTH = "80"

FAMILIES = {
    "FP1": ("Templates and params", "Exit code 1. `validate` finds all of them at once."),
    "FP2": ("Plans and checks", "Exit code 1, FP222 exit code 5. Nothing was changed."),
    "FP3": (
        "Providers and the cluster",
        "Exit code 1 when nothing was changed, 3 when something was.",
    ),
    "FP4": ("State", "Exit code 1."),
    "FP5": ("Locks", "Exit code 4."),
    "FP6": (
        "Usage and the project file",
        "Exit code 64, or what the code's own entry says.",
    ),
    "FP9": ("Internal", "Exit code 70."),
}
EXIT_CODES = {
    "0": "done",
    "1": "failed, and nothing was changed",
    "2": "there are changes; only with `plan --detailed-exitcode`",
    "3": "failed part-way; what was done is in the state",
    "4": "somebody else holds the lock",
    "5": "the saved plan is stale",
    "64": "called in a wrong way",
    "70": "an internal error",
    "130": "interrupted with Ctrl-C (SIGINT)",
    "143": "ended with SIGTERM",
}
ENVIRONMENT = {
    "FLOWPLAN_ENV": "the environment in the project file, where `-e` is not given",
    "FLOWPLAN_ENDPOINT": "the cluster, where `--endpoint` is not given",
    "FLOWPLAN_PARAM_<name>": "the value of a param; `-` and `.` of its name may be written as `_`",
    "FLOWPLAN_USERNAME, FLOWPLAN_PASSWORD": "who asks; before the endpoint's own `user:password@`",
    "FLOWPLAN_CA_BUNDLE, REQUESTS_CA_BUNDLE": "the certificates to trust, in this order",
    "FLOWPLAN_TOKEN, FLOWPLAN_TOKEN_FILE": "a bearer token, or the file that holds it",
    "FLOWPLAN_CLIENT_CERT, FLOWPLAN_CLIENT_KEY": "a client certificate and its key, PEM files",
    "FLOWPLAN_INSECURE": "do not check the cluster's certificate; the same as `--insecure`",
    "FLOWPLAN_LEASE_SECONDS": "how long the lock on a remote state is good for unless renewed; 30",
    "FLOWPLAN_AWS_SIGV4, FLOWPLAN_AWS_REGION": "sign for the AWS service `es` or `aoss`",
    "HTTPS_PROXY, HTTP_PROXY, NO_PROXY": "a proxy, as for other programs",
    "CI": "when set and not `0` or `false`, an endpoint has to be named",
    "NO_COLOR, FORCE_COLOR, TERM, COLUMNS": "how text looks",
}

_ABOUT_ERRORS = (
    "Every message has a code, a place in the template where there is one, the problem, its "
    "reason, and what to do. With `--format json` the same comes as "
    "[diagnostics](schema/diagnostics.json)."
)
_ABOUT_COMMANDS = (
    "TEMPLATE may be left out where a [project file](project.md) names it, or where the working "
    "directory has a `template.yaml`, "
    "`template.yml` or `template.json`. Results go to stdout; progress, warnings and errors "
    "go to stderr."
)
_ABOUT_STEPS = (
    "What goes into `user_inputs`, and what a later change of it means. **set**: a new or "
    "changed value is sent to the resource *in place*, or the resource is *replaced*. "
    "**removed**: what happens when the input is taken out of the template; *kept* means "
    "that the cluster can't clear it, so nothing is planned and a note says so. In place "
    "becomes a replacement where a deployed model uses the resource; see "
    "[Plans](plans.md#replacing-a-connector-under-a-deployed-model)."
)
_ABOUT_REQUIRED = (
    "`flowplan steps` prints the inputs that Flow Framework itself lists as required. Every "
    "step also takes `node_timeout`, its time limit, which is not sent."
)


def documents() -> dict[str, str]:
    """The text of each generated file, by its path in docs/."""
    registry = Registry()
    schemas = {name: registry.step(name).schema for name in registry.names()}
    return {
        "errors.md": errors_page(catalogue()),
        "cli.md": cli_page(),
        "steps.md": steps_page(schemas),
        "schema/template.json": json.dumps(template_schema(schemas), indent=2) + "\n",
    }


def catalogue() -> Sequence[Mapping[str, Any]]:
    """The entries of errors.yaml: code, title, cause, fix, example, and severity where it warns."""
    found: list[Mapping[str, Any]] = yaml.safe_load((HERE / "errors.yaml").read_text("utf-8"))
    return found


def errors_page(entries: Sequence[Mapping[str, Any]]) -> str:
    """One section a code, grouped by family."""
    lines = [
        "# Errors and warnings",
        MADE,
        _ABOUT_ERRORS,
    ]
    family = ""
    for entry in entries:
        if entry["code"][:3] != family:
            family = entry["code"][:3]
            title, exits = FAMILIES[family]
            lines += [f"## {family}xx: {title}", exits]
        lines += _error(entry)
    return "\n\n".join(lines) + "\n"


def _error(entry: Mapping[str, Any]) -> Iterator[str]:
    severity = f" ({entry['severity']})" if "severity" in entry else ""
    yield f"### {entry['code']}: {entry['title']}{severity}"
    yield entry["cause"]
    yield f"**What to do.** {entry['fix']}"
    example = entry["example"]
    if isinstance(example, str):
        yield fenced("text", example)
        return
    if "template" in example:
        yield fenced("yaml", example["template"])
    for name, text in example.get("files", {}).items():
        yield f"`{name}`:"
        yield fenced("text", text)
    told = [f"$ export {name}={value}" for name, value in example.get("env", {}).items()]
    told += [f"$ {command}" for command in example["run"]]
    yield fenced("text", "\n".join([*told, example["output"]]))


def cli_page() -> str:
    """The help of every command, exit codes and environment variables."""
    lines = [
        "# Command line",
        MADE,
        _ABOUT_COMMANDS,
    ]
    for words in verbs():
        lines += [f"## flowplan {' '.join(words)}".rstrip(), fenced("text", help_of(words))]
    lines += ["## Exit codes", table(("code", "meaning"), EXIT_CODES.items())]
    described = (
        (", ".join(f"`{name}`" for name in names.split(", ")), text)
        for names, text in ENVIRONMENT.items()
    )
    lines += ["## Environment variables", table(("variable", "what it sets"), described)]
    return "\n\n".join(lines) + "\n"


def verbs() -> Iterator[tuple[str, ...]]:
    """The words of every command, the program itself first."""
    yield ()
    below = {"state": STATE_VERBS, "sandbox": SANDBOX_VERBS}
    for verb in VERBS:
        yield (verb,)
        yield from ((verb, name) for name in below.get(verb, ()))


def help_of(words: Sequence[str]) -> str:
    """What `--help` prints on a terminal of 80 columns."""
    out = io.StringIO()
    with mock.patch.dict(os.environ, {"COLUMNS": WIDTH}), contextlib.redirect_stdout(out):
        main([*words, "--help"])
    return out.getvalue()


def steps_page(schemas: Mapping[str, StepSchema]) -> str:
    """A section for each step type."""
    lines = [
        "# Step types",
        MADE,
        _ABOUT_STEPS,
        _ABOUT_REQUIRED,
    ]
    for name, schema in schemas.items():
        lines += [f"## {name}", schema.description, _facts(schema)]
        if schema.inputs:
            heads = ("input", "type", "set", "removed", "what it is")
            rows = (_input_row(key, spec) for key, spec in schema.inputs.items())
            lines.append(table(heads, rows))
    return "\n\n".join(lines) + "\n"


def _facts(schema: StepSchema) -> str:
    made = {
        "resource": f"a resource, shown as `{schema.resource_type}`",
        "effect": f"no resource of its own; listed with the `{schema.resource_type}` that it is "
        "about",
        "act": "nothing that stays; it is done once",
        "nothing": "nothing on the cluster",
    }[schema.creates]
    first = (
        "the new one is made first" if schema.create_before_destroy else "the old one goes first"
    )
    facts = [
        f"makes: {made}",
        f"outputs: {', '.join(f'`{name}`' for name in schema.outputs) or 'none'}",
        f"plugins: {', '.join(f'`{name}`' for name in schema.plugins) or 'none'}",
        f"time limit: {schema.timeout:g} s",
    ]
    if schema.creates == "resource":
        facts.append(f"when replaced: {first}")
    if schema.holds_data:
        facts.append("holds data: deleting or replacing it needs `--allow-delete`")
    return "\n".join(f"- {fact}" for fact in facts)


def _input_row(name: str, spec: InputSpec) -> Sequence[str]:
    kinds = " or ".join(dict.fromkeys(spec.types))
    traits = [
        ("required", spec.required),
        ("secret", spec.sensitive),
        ("never read back, so it can't drift", spec.write_only),
        (f"the id of a {(spec.reference or '').replace('_', ' ')}", spec.reference),
        ("changes key by key", spec.merge),
    ]
    told = ", ".join(text for text, holds in traits if holds)
    about = " ".join(part for part in (spec.description, f"*{told}*" if told else "") if part)
    words = {"in_place": "in place", "replace": "replaced", "keep": "kept"}
    return f"`{name}`", kinds, words[spec.set], words[spec.remove], about


def template_schema(schemas: Mapping[str, StepSchema]) -> dict[str, Any]:
    """JSON Schema (draft-07) of templates, for editors."""
    provision = _object(
        {
            "user_params": {"type": "object"},
            "nodes": {"type": "array", "minItems": 1, "items": _node(schemas)},
            "edges": {
                "type": "array",
                "items": _object({"source": _TEXT, "dest": _TEXT}, required=("source", "dest")),
            },
        },
        required=("nodes",),
    )
    workflows = {
        "type": "object",
        "required": ["provision"],
        "properties": {"provision": provision},
        "additionalProperties": {"type": "object"},
    }
    versions = {"template": _VERSION, "compatibility": {"type": "array", "items": _VERSION}}
    kept = ("user", "created_time", "last_updated_time", "last_provisioned_time", "tenant_id")
    schema = _object(
        {
            "name": {**_TEXT, "minLength": 1},
            "description": _TEXT,
            "use_case": _TEXT,
            "version": _object(versions),
            "workflows": workflows,
            "ui_metadata": {"type": "object"},
            "flowplan": _object(
                {
                    "params": _params(),
                    "outputs": {"type": "object"},
                    "imports": _imports(),
                    "moved": _moved(),
                    "checks": _checks(),
                }
            ),
            **{name: {"description": "Added by Flow Framework, and not used."} for name in kept},
            "all_shared_principals": {"description": "Added by Flow Framework, and not used."},
        },
        required=("name", "workflows"),
    )
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A Flow Framework template, with flowplan's params and outputs",
    }
    return {**head, **schema}


_TEXT = {"type": "string"}
_VERSION = {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+"}
_TIME = {"type": "string", "pattern": r"^\s*[0-9]+(nanos|micros|ms|s|m|h|d)\s*$"}
_TIMEOUT = {
    "type": "string",
    "pattern": r"^\s*(0|[0-9]+(nanos|micros|ms|s|m|h|d))\s*$",
    "description": "The step's time limit, as 20s or 5m. Not sent.",
}


def _object(properties: Mapping[str, Any], *, required: Sequence[str] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False}


def _imports() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    entry = _object({"node": text, "id": text}, required=("node", "id"))
    return {"type": "array", "items": entry}


def _checks() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    tests: dict[str, Any] = {name: {} for name in EXPECTATIONS}
    expectation = _object({"path": text, **tests}, required=("path",))
    # The path, and one test.
    expectation |= {"minProperties": 2, "maxProperties": 2}
    check = _object(
        {
            "name": text,
            **dict.fromkeys(CHECK_KINDS, text),
            "pipeline": text,
            "body": {"type": "object"},
            "expect": {"oneOf": [expectation, {"type": "array", "items": expectation}]},
            "timeout": _TIME,
            "retries": {"type": "integer", "minimum": 0, "maximum": 20},
        },
        required=("name",),
    )
    check["oneOf"] = [{"required": [kind]} for kind in CHECK_KINDS]
    return {"type": "array", "items": check}


def _moved() -> dict[str, Any]:
    text = {**_TEXT, "minLength": 1}
    entry = _object({"from": text, "to": text}, required=("from", "to"))
    return {"type": "array", "items": entry}


def _params() -> dict[str, Any]:
    known = {
        "type": {"enum": list(PARAM_TYPES), "default": "string"},
        "sensitive": {"type": "boolean"},
        "description": _TEXT,
        "default": {},
        "pattern": {"type": "string", "format": "regex"},
        "enum": {"type": "array"},
    }
    return {"type": "object", "additionalProperties": _object(known)}


def _node(schemas: Mapping[str, StepSchema]) -> dict[str, Any]:
    node = _object(
        {
            "id": {**_TEXT, "minLength": 1},
            "type": {"enum": list(schemas)},
            "previous_node_inputs": {"type": "object", "additionalProperties": _TEXT},
            "user_inputs": {"type": "object", "additionalProperties": {"not": {"type": "null"}}},
            "flowplan": _settings(),
        },
        required=("id", "type"),
    )
    node["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"user_inputs": {"properties": _inputs(schema)}}},
        }
        for name, schema in schemas.items()
    ]
    return node


def _settings() -> dict[str, Any]:
    """What stands under the `flowplan` key of a node."""
    expression = {"type": "string", "pattern": r"^\$\{\{"}
    key = {"type": ["string", "number"]}
    return _object(
        {
            "for_each": {
                "anyOf": [{"type": "array", "items": key}, {"type": "object"}, expression]
            },
            "when": {"anyOf": [{"type": "boolean"}, expression]},
            "prevent_destroy": {"type": "boolean"},
            "ignore_changes": {"anyOf": [{"const": "all"}, {"type": "array", "items": _TEXT}]},
            "create_before_destroy": {"type": "boolean"},
            "keep_id": {"type": "boolean"},
            "replace_triggered_by": {"type": "array", "items": _TEXT},
            "timeout": _TIMEOUT,
            "retries": {"type": "integer", "minimum": 0, "maximum": 20},
        }
    )


def _inputs(schema: StepSchema) -> dict[str, Any]:
    found = {name: _input(spec) for name, spec in schema.inputs.items()}
    return {**found, "node_timeout": _TIMEOUT}


def _input(spec: InputSpec) -> dict[str, Any]:
    about = {"description": spec.description} if spec.description else {}
    if "any" in spec.types:
        return about
    kinds = list(spec.types)
    if {"string", "integer"} <= set(kinds):
        # A version: with a fraction it loses its last zeros, and is refused (FP123).
        kinds = [kind for kind in kinds if kind != "number"]
    if "string" in kinds:
        return {"type": kinds, **about}
    expression = {"type": "string", "pattern": r"\$\{\{"}
    return {"anyOf": [{"type": kinds}, expression], **about}


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(heads: Sequence[str], rows: Any) -> str:
    """A table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


if __name__ == "__main__":
    for path, content in documents().items():
        (HERE / path).write_text(content, "utf-8")
