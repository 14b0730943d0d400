"""The benchmark's graphs and templates: valid, of the size that is asked for, and the same twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.clusters import only
from bench.graphs import SHAPES, build
from bench.template import Steps, document, write
from bench.terraform import text
from flowplan.__main__ import main


@pytest.mark.parametrize("shape", SHAPES)
def test_a_node_comes_only_after_nodes_before_it(shape: str) -> None:
    graph = build(shape, 90)
    assert [it.number for it in graph.vertices] == list(range(90))
    assert all(before < it.number for it in graph.vertices for before in it.after)
    assert len({it.name for it in graph.vertices}) == 90


@pytest.mark.parametrize("shape", SHAPES)
def test_a_graph_is_the_same_at_every_call(shape: str) -> None:
    assert build(shape, 60) == build(shape, 60)


def test_the_random_graph_has_free_nodes_and_nodes_with_several_needs() -> None:
    needs = {len(it.after) for it in build("dag", 200).vertices}
    assert needs == {0, 1, 2, 3}


def test_part_of_the_triples_keeps_its_links() -> None:
    part = only(build("triples", 9), ("connector", "model"))
    assert [it.after for it in part.vertices] == [(), (0,), (), (2,), (), (4,)]


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("steps", ["noop", "real"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_template_is_valid_without_a_warning(
    shape: str,
    steps: Steps,
    suffix: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"template{suffix}"
    write(path, document(build(shape, 12), steps))
    assert main(["validate", str(path), "--strict"]) == 0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("steps", ["noop", "real"])
def test_a_changed_template_differs_in_as_many_nodes_as_asked(steps: Steps) -> None:
    graph = build("independent", 9)
    nodes = [
        document(graph, steps, changed=count)["workflows"]["provision"]["nodes"] for count in (0, 2)
    ]
    assert sum(before != after for before, after in zip(*nodes, strict=True)) == 2


def test_hcl_has_a_block_a_node_and_its_references() -> None:
    made = text(build("triples", 6))
    assert made.count('resource "terraform_data"') == 6
    assert "connector_id = terraform_data.create_connector_1.id" in made


def test_hcl_leaves_no_expression_of_the_inputs_to_terraform() -> None:
    made = text(build("independent", 1))
    assert '"https://$${parameters.endpoint}/v1/chat/completions"' in made


def test_json_and_yaml_hold_the_same(tmp_path: Path) -> None:
    import yaml

    made = document(build("triples", 6), "real")
    for name in ("t.yaml", "t.json"):
        write(tmp_path / name, made)
    assert json.loads((tmp_path / "t.json").read_text()) == made
    assert yaml.safe_load((tmp_path / "t.yaml").read_text()) == made
