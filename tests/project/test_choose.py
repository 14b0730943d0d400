"""Which environment counts, and what it takes from the top of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowplan.errors import UsageError
from flowplan.planner.params import ParamsFile, resolve
from flowplan.planner.template import ParamSpec
from flowplan.planner.values import Sensitive
from flowplan.project.choose import choose
from flowplan.project.grammar import read_project

TEXT = """\
template: t/chat.yaml
endpoint: sandbox:dev.db?latency=50ms
state: states/{env}.json
params: {a: common, b: common}
params_files: [1.yaml, 2.yaml]
allow_delete: [x]
max_deletes: 3
parallelism: 4
credentials: {token: {env: TOKEN}}
environments:
  dev:
  prod:
    endpoint: https://search.example.org:9200
    state: s3://bucket/key
    params: {b: prod}
    params_files: [3.yaml]
    allow_delete: []
    max_deletes: 0
    parallelism: 2
    credentials: {aws: {region: eu-west-1}}
  file:
    state: file:states/f.json
  same:
    endpoint: "sandbox:"
"""


@pytest.fixture
def chosen(tmp_path):
    def call(name, text=TEXT, environ=None):
        (tmp_path / "flowplan.yaml").write_text(text)
        return choose(read_project(tmp_path / "flowplan.yaml"), name, environ or {})

    return call


def test_an_environment_without_settings_has_the_files(chosen, tmp_path):
    dev = chosen("dev")
    assert dev.environment == "dev"
    assert dev.template == tmp_path / "t" / "chat.yaml"
    assert dev.endpoint == f"sandbox:{tmp_path / 'dev.db'}?latency=50ms"
    assert dev.state_of(None) == str(tmp_path / "states" / "dev.json")
    assert (dev.allow_delete, dev.max_deletes, dev.parallelism) == (frozenset({"x"}), 3, 4)
    assert list(dev.credentials) == ["token"]


def test_an_environments_own_settings_come_first(chosen):
    prod = chosen("prod")
    assert prod.endpoint == "https://search.example.org:9200"
    assert prod.state_of(None) == "s3://bucket/key"
    assert (prod.allow_delete, prod.max_deletes, prod.parallelism) == (frozenset(), 0, 2)
    assert prod.credentials == {"aws.service": "es", "aws.region": "eu-west-1"}


def test_a_state_written_with_file_is_relative_to_the_project_file(chosen, tmp_path):
    assert chosen("file").state_of(None) == f"file:{tmp_path}/states/f.json"


def test_the_plain_sandbox_stays_plain(chosen):
    assert chosen("same").endpoint == "sandbox:"


def test_params_are_layers_from_the_environments_values_to_the_files_files(chosen, tmp_path):
    names = [
        layer.path.name if isinstance(layer, ParamsFile) else sorted(layer)
        for layer in chosen("prod").params
    ]
    assert names == [["b"], "3.yaml", ["a", "b"], "2.yaml", "1.yaml"]


def test_params_are_merged_by_name(chosen, tmp_path):
    for name in "123":
        (tmp_path / f"{name}.yaml").write_text(f"c: from {name}\n")
    specs = {name: ParamSpec(name) for name in "abc"}
    values = resolve(specs, project=chosen("prod").params).values
    assert values == {"a": "common", "b": "prod", "c": "from 3"}


@pytest.mark.parametrize("kind", ["env", "file"])
def test_a_secret_source_is_fetched_and_sensitive(chosen, tmp_path, kind):
    (tmp_path / "k").write_text("hush\n")
    source = {"env": "{env: KEY}", "file": "{file: k}"}[kind]
    found = chosen(None, f"params: {{k: {source}}}", {"KEY": "hush"})
    assert resolve({}, implicit=frozenset("k"), project=found.params).values == {
        "k": Sensitive("hush")
    }


def test_default_env_is_taken_where_none_is_named(chosen):
    assert chosen(None, "default_env: b\nenvironments: {a: , b: }").environment == "b"


def test_a_file_without_environments_needs_no_name(chosen):
    assert chosen(None, "parallelism: 3").environment is None


def test_with_environments_one_has_to_be_named(chosen):
    with pytest.raises(UsageError, match="FP634") as caught:
        chosen(None)
    assert "-e dev" in caught.value.diagnostics[0].hint


def test_an_unknown_environment_gives_the_nearest_and_all(chosen):
    with pytest.raises(UsageError, match="FP626") as caught:
        chosen("prd")
    detail = caught.value.diagnostics[0].detail
    assert 'Did you mean "prod"?' in detail
    assert "It has dev, prod, file, same." in detail


def test_an_environment_of_a_file_that_has_none_is_unknown(chosen):
    with pytest.raises(UsageError, match="FP626") as caught:
        chosen("prod", "")
    assert caught.value.diagnostics[0].detail == "It has none."


def test_the_place_of_a_credential_is_known(chosen, tmp_path):
    told = chosen("prod").spots["aws.region"].told("FP1", "x")
    assert (told.file, told.line) == (str(Path(tmp_path / "flowplan.yaml")), 20)
