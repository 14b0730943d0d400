from __future__ import annotations

import pytest

from flowplan.errors import ProviderError
from flowplan.providers.registry import Registry
from flowplan.providers.steps_document import steps_document

# As a real node answers `_steps` (OpenSearch 3.6.0, Flow Framework 3.6.0.0).
RECORDED = {
    "create_connector": {
        "inputs": [
            "version", "parameters", "credential", "actions", "protocol", "description", "name",
        ],
        "outputs": ["connector_id"],
        "required_plugins": ["opensearch-ml"],
        "timeout": "1m",
    },
    "deploy_model": {
        "inputs": ["model_id"],
        "outputs": ["model_id"],
        "required_plugins": ["opensearch-ml"],
        "timeout": "15s",
    },
    "noop": {"inputs": [], "outputs": [], "required_plugins": []},
    "register_model_group": {
        "inputs": ["name"],
        "outputs": ["model_group_id", "model_group_status"],
        "required_plugins": ["opensearch-ml"],
    },
    "register_remote_model": {
        "inputs": ["name", "connector_id"],
        "outputs": ["model_id", "register_model_status"],
        "required_plugins": ["opensearch-ml"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_step_is_described_as_flow_framework_does(name: str) -> None:
    assert steps_document(Registry(), [name]) == {name: RECORDED[name]}


def test_without_names_all_are_described() -> None:
    assert set(steps_document(Registry())) == set(Registry().names())


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ProviderError):
        steps_document(Registry(), ["zzz"])
