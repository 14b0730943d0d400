"""What a project file may say, and what is said of its mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from flowplan.errors import ProjectError
from flowplan.project.block import BLOCK_KEYS, CREDENTIAL_KEYS
from flowplan.project.grammar import KEYS, read_project
from flowplan.project.sources import SecretSource

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schema" / "project.json").read_text("utf-8")
)
WHOLE = """\
template: t/chat.yaml
default_env: dev
state: states/{env}.{template}.json
endpoint: "sandbox:"
params: {model: gpt-4o, sizes: [1, 2], limits: {env: a, other: b}}
params_files: [params/common.yaml]
allow_delete: []
max_deletes: 3
parallelism: 4
environments:
  dev:
  prod:
    endpoint: https://search.example.org:9200
    state: s3://bucket/key
    params: {openai_key: {env: OPENAI_KEY}, other: {file: k}}
    params_files: [params/prod.yaml]
    allow_delete: [scratch]
    max_deletes: 0
    parallelism: 2
    credentials:
      username: {env: OS_USER}
      password: {file: /run/secrets/os}
      client_cert: c.pem
      client_key: k.pem
      ca: /etc/ca.pem
  aws:
    credentials: {aws: {region: eu-west-1, service: aoss}}
  token:
    credentials: {token: {env: T}}
"""


@pytest.fixture
def read(tmp_path):
    def call(text, name="flowplan.yaml"):
        (tmp_path / name).write_text(text)
        return read_project(tmp_path / name)

    return call


@pytest.fixture
def wrong(read):
    """The diagnostics of a file with mistakes, as code, line, column."""

    def call(text, name="flowplan.yaml"):
        with pytest.raises(ProjectError) as caught:
            read(text, name)
        assert caught.value.exit_code == 1
        return caught.value.diagnostics

    return call


def only(found):
    (item,) = found
    return item


def test_the_whole_grammar_is_read(read, tmp_path):
    project = read(WHOLE)
    prod = project.environments["prod"]
    assert (project.template, project.default_env) == ("t/chat.yaml", "dev")
    assert project.common.params == {
        "model": "gpt-4o", "sizes": [1, 2], "limits": {"env": "a", "other": "b"},
    }  # fmt: skip
    assert (project.common.allow_delete, prod.allow_delete) == ((), ("scratch",))
    assert (project.common.max_deletes, prod.max_deletes) == (3, 0)
    assert (project.common.parallelism, prod.parallelism) == (4, 2)
    assert project.environments["dev"].endpoint is None
    assert prod.credentials["ca"] == "/etc/ca.pem"
    assert prod.credentials["client_key"] == str(tmp_path / "k.pem")
    password = prod.credentials["password"]
    assert isinstance(password, SecretSource)
    assert (password.kind, password.name) == ("file", "/run/secrets/os")
    assert project.environments["aws"].credentials == {
        "aws.service": "aoss", "aws.region": "eu-west-1",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}"])
def test_an_empty_file_is_a_project_file(read, text):
    project = read(text)
    assert project.environments == {}
    assert project.common.endpoint is None


def test_it_may_be_json(read):
    assert read('{"endpoint": "sandbox:"}', "p.json").common.endpoint == "sandbox:"


def test_the_service_of_aws_is_es_where_none_is_named(read):
    project = read("credentials: {aws: {region: eu-west-1}}")
    assert project.common.credentials["aws.service"] == "es"


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("endpont: x\n", "FP102", (1, 1), 'did you mean "endpoint"?'),
        ("environments:\n  dev: {endpont: x}\n", "FP102", (2, 9), "endpoint"),
        ("credentials: {pasword: {env: P}}\n", "FP102", (1, 15), "password"),
        ("credentials: {aws: {regin: x}}\n", "FP102", (1, 21), "region"),
        ("[a]\n", "FP106", (1, 1), "the project file must be an object"),
        ("environments: [dev]\n", "FP106", (1, 15), "`environments` must be an object"),
        ("environments: {dev: x}\n", "FP106", (1, 21), "the environment dev"),
        ("params: [a]\n", "FP106", (1, 9), "`params`"),
        ("params_files: a.yaml\n", "FP106", (1, 15), "a list"),
        ("params_files: [1]\n", "FP106", (1, 16), "an entry of `params_files`"),
        ('allow_delete: [""]\n', "FP106", (1, 16), "an entry of `allow_delete`"),
        ("endpoint: 5\n", "FP106", (1, 11), "a string"),
        ("template: ''\n", "FP105", (1, 11), "`template` is empty"),
        ("endpoint: ' '\n", "FP105", (1, 11), "`endpoint` is empty"),
        ("state: ''\n", "FP105", (1, 8), "`state` is empty"),
        ("credentials: 5\n", "FP106", (1, 14), "`credentials`"),
        ("credentials: {ca: [x]}\n", "FP106", (1, 19), "`ca`"),
        ("credentials: {aws: es}\n", "FP106", (1, 20), "`aws`"),
        ("credentials: {token: }\n", "FP106", (1, 22), "{env: NAME}"),
        ("credentials: {username: 5}\n", "FP106", (1, 25), "`username`"),
        ("state: a/{env}.json\n", "FP621", (1, 8), "{env}"),
        ("environments: {dev: {state: '{evn}'}}\n", "FP621", (1, 29), '"env"'),
        ("parallelism: 0\n", "FP622", (1, 14), "1 to 256"),
        ("parallelism: true\n", "FP622", (1, 14), "1 to 256"),
        ("parallelism: 2.5\n", "FP622", (1, 14), "1 to 256"),
        ("max_deletes: -1\n", "FP622", (1, 14), "from 0 on"),
        ("max_deletes: true\n", "FP622", (1, 14), "from 0 on"),
        ("max_deletes: few\n", "FP622", (1, 14), "from 0 on"),
        ("credentials: {aws: {region: r, service: ec2}}\n", "FP622", (1, 41), "aoss"),
        ("credentials: {token: abc}\n", "FP623", (1, 22), "{env: NAME}"),
        ("credentials: {password: 5}\n", "FP623", (1, 25), "{file: PATH}"),
        ("endpoint: https://u:pw@host\n", "FP623", (1, 11), "`credentials`"),
        ("state: postgres://u@host/db\n", "FP623", (1, 8), "`credentials`"),
        ("endpoint: search.example.org\n", "FP320", (1, 11), "https://host:9200"),
        ("credentials: {token: {}}\n", "FP624", (1, 22), "{env: NAME}"),
        ("credentials: {token: {env: A, file: b}}\n", "FP624", (1, 22), "{env: NAME}"),
        ("credentials: {token: {evn: A}}\n", "FP624", (1, 22), 'did you mean "env"?'),
        ("credentials: {token: {env: 5}}\n", "FP624", (1, 22), "{env: NAME}"),
        ("params: {k: {env: 'A=B'}}\n", "FP624", (1, 13), "the param k"),
        ("params: {k: {file: ' '}}\n", "FP624", (1, 13), "the param k"),
        ("default_env: prd\nenvironments: {prod: }\n", "FP626", (1, 14), '"prod"'),
        ("credentials: {token: {env: A}, aws: {region: r}}\n", "FP629", (1, 1), "a token and AWS"),
        ("environments: {a/b: }\n", "FP635", (1, 16), "letters"),
        ("environments: {'': }\n", "FP635", (1, 16), "letters"),
        ("allow_delete: [a, all]\n", "FP636", (1, 19), "--allow-delete all"),
        ("state: s.json\nenvironments: {a: , b: }\n", "FP637", (1, 8), "a and b"),
        ("environments: {a: {state: s}, b: {state: s}}\n", "FP637", (1, 42), "a and b"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_remedy(wrong, text, code, place, words):
    found = only(wrong(text))
    assert (found.code, found.line, found.column) == (code, *place)
    assert words in f"{found.summary} {found.detail} {found.hint}"


def test_all_mistakes_are_told_at_once(wrong):
    found = wrong("endpont: x\nparallelism: 0\nenvironments: {dev: {stat: x}}\n")
    assert [(item.code, item.line) for item in found] == [
        ("FP102", 1), ("FP622", 2), ("FP102", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: 1\na: 2\n", "FP130"), ("a: [\n", "FP101"), ("a: 1\n---\nb: 2\n", None)],
)
def test_what_templates_refuse_is_refused_here_too(wrong, text, code):
    found = only(wrong(text))
    assert found.line is not None
    assert code is None or found.code == code


@pytest.mark.parametrize(
    "text",
    [
        "credentials: {token: hush-hush}\n",
        "credentials: {tokn: hush-hush}\n",
        "credentials: {token: [hush-hush]}\n",
        "credentials: {token: {evn: hush-hush}}\n",
        "endpoint: https://u:hush-hush@host\n",
        "password: hush-hush\n",
        "environments: {dev: {password: hush-hush}}\n",
        "environments: {dev: hush-hush}\n",
        "params: {k: hush-hush}; x\n",
        "params: {k: hush-hush}\nparams: {}\n",
        "params: [hush-hush]\n",
        "hush-hush\n",
    ],
)
def test_no_message_shows_what_may_be_a_secret(wrong, text):
    for found in wrong(text):
        assert "hush" not in str(found)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProjectError, match="FP100"):
        read_project(tmp_path / "none.yaml")


# ---- the published schema ----------------------------------------------------------------------


def test_the_schema_has_the_keys_of_the_grammar():
    Draft7Validator.check_schema(SCHEMA)
    definitions = SCHEMA["definitions"]
    assert set(SCHEMA["properties"]) == set(KEYS)
    assert set(definitions["environment"]["properties"]) == set(BLOCK_KEYS)
    assert set(definitions["credentials"]["properties"]) == set(CREDENTIAL_KEYS)


def test_the_schema_admits_the_whole_grammar(tmp_path):
    from flowplan.planner.source import parse_text

    Draft7Validator(SCHEMA).validate(parse_text(WHOLE, "flowplan.yaml", "yaml").value)


@pytest.mark.parametrize(
    "text",
    ["endpont: x", "parallelism: 0", "credentials: {token: abc}", "allow_delete: [all]",
     "environments: {a/b: }", "credentials: {token: {env: A}, aws: {}}", "params_files: [1]"],
)  # fmt: skip
def test_the_schema_finds_what_the_grammar_refuses(text):
    from flowplan.planner.source import parse_text

    value = parse_text(text, "flowplan.yaml", "yaml").value
    assert not Draft7Validator(SCHEMA).is_valid(value)
