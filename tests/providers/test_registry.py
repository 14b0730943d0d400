from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.protocol import StepSchema
from flowplan.providers.noop import Noop
from flowplan.providers.registry import _FAMILIES, Registry
from flowplan.providers.step import Step

BUILT_IN = [name for names in _FAMILIES.values() for name in names]


class Foreign(Step):
    name = "train_model"
    schema = StepSchema({})


class Misnamed(Step):
    name = "other"


def provide(monkeypatch: pytest.MonkeyPatch, **values: str) -> list[int]:
    scans: list[int] = []

    def found(*, group: str) -> list[EntryPoint]:
        scans.append(1)
        return [EntryPoint(name, value, group) for name, value in values.items()]

    monkeypatch.setattr("importlib.metadata.entry_points", found)
    return scans


def refused(registry: Registry, name: str) -> Any:
    with pytest.raises(ProviderError) as caught:
        registry.step(name)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_is_where_it_is_listed(name: str) -> None:
    step = Registry().step(name)
    assert step.name == name
    assert Registry().schema(name) == step.schema


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_schema_is_consistent(name: str) -> None:
    schema = Registry().step(name).schema
    assert set(schema.listed) <= set(schema.inputs)
    assert schema.description
    assert all(spec.description for spec in schema.inputs.values())
    assert (schema.resource_type is None) == (schema.creates in ("act", "nothing"))
    for key, spec in schema.inputs.items():
        assert not spec.sensitive or spec.write_only, key


def test_secrets_are_marked_by_their_place() -> None:
    inputs = Registry().step("create_connector").schema.inputs
    assert inputs["credential"].sensitive
    assert inputs["headers"].sensitive


def test_a_key_taken_from_a_merged_object_is_a_replacement() -> None:
    inputs = Registry().step("create_connector").schema.inputs
    for name in ("parameters", "credential"):
        spec = inputs[name]
        assert (spec.merge, spec.set, spec.remove) == (True, "in_place", "replace")


def test_references_name_a_kind_that_is_there() -> None:
    registry = Registry()
    kinds = {registry.step(name).kind for name in BUILT_IN}
    references = {
        spec.reference
        for name in BUILT_IN
        for spec in registry.step(name).schema.inputs.values()
        if spec.reference
    }
    assert references >= {"agent", "connector", "model", "model_group"}
    assert references <= kinds


def test_an_unknown_type_is_an_error_with_the_nearest_name() -> None:
    diagnostic = refused(Registry(), "create_conector")
    assert (diagnostic.code, diagnostic.hint) == ("FP300", 'Did you mean "create_connector"?')


def test_a_type_like_no_other_points_to_the_list() -> None:
    assert refused(Registry(), "zzz").hint == "See what there is: flowplan steps"


def test_a_type_that_only_flow_framework_has_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowplan.providers.registry._FLOW_FRAMEWORK", frozenset({"noop", "brew"}))
    registry = Registry()
    assert refused(registry, "brew").code == "FP301"
    assert registry.unsupported("brew")
    assert not registry.unsupported("noop")
    assert not registry.unsupported("zzz")
    assert registry.schema("brew") is None


def test_names_are_sorted_and_complete() -> None:
    assert list(Registry().names()) == sorted(BUILT_IN)


def test_a_third_party_s_type_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    scans = provide(monkeypatch, train_model=f"{__name__}:Foreign")
    monkeypatch.setitem(sys.modules, __name__, SimpleNamespace(Foreign=Foreign))
    registry = Registry()
    registry.step("noop")
    assert not scans
    assert registry.step("train_model").name == "train_model"
    assert "train_model" in registry.names()
    registry.schema("zzz")
    assert len(scans) == 1


def test_a_third_party_can_not_replace_a_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    provide(monkeypatch, noop="no.such.module:thing")
    registry = Registry()
    assert registry.schema("zzz") is None
    assert isinstance(registry.step("noop"), Noop)


@pytest.mark.parametrize("value", ["no.such.module:thing", "flowplan.providers.step:changed_names"])
def test_a_broken_provider_is_named_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    provide(monkeypatch, train_model=value)
    diagnostic = refused(Registry(), "train_model")
    assert diagnostic.code == "FP302"
    assert value in diagnostic.detail
    with pytest.raises(ProviderError):
        Registry().schema("train_model")


def test_a_provider_of_another_name_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    provide(monkeypatch, train_model="flowplan.providers.noop:Noop")
    assert refused(Registry(), "train_model").code == "FP302"


def test_steps_can_be_given_by_hand() -> None:
    assert Registry([Foreign()]).step("train_model").kind == ""


def test_asking_for_one_type_imports_no_other_and_no_requests() -> None:
    check = (
        "import sys; from flowplan.providers.registry import Registry;"
        "Registry().step('noop');"
        "sys.exit('flowplan.providers.model' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0
