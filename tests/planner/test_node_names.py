"""Names of nodes from names of resources: readable, usable in expressions, none given twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowplan.planner.expressions import scan
from flowplan.planner.node_names import NodeNames


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("OpenAI Chat Connector", "openai_chat_connector"),
        ("  a--b  ", "a_b"),
        ("Größe é", "groe_e"),
        ("模型", "model"),
        ("4o", "model_4o"),
        ("true", "model_true"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_name_is_that_of_the_resource_in_plain_letters(name: str, node: str) -> None:
    assert NodeNames().node(name, "model") == node


def test_the_kind_makes_the_second_of_a_name_another_one_then_a_number_does() -> None:
    names = NodeNames()
    given = [names.node("chat", kind) for kind in ("connector", "model", "model", "model")]
    assert given == ["chat", "chat_model", "chat_model_2", "chat_model_3"]


def test_a_kind_that_is_in_the_name_is_not_said_twice() -> None:
    names = NodeNames()
    assert [names.node("chat model", "model") for _ in range(2)] == ["chat_model", "chat_model_2"]


def test_a_param_has_the_name_of_its_node_and_key() -> None:
    names = NodeNames()
    assert names.param("chat", "openAI key") == "chat_openAI_key"
    assert names.param("chat", "§") == "chat_secret"
    assert names.node("chat secret", "model") == "chat_secret_model"


@given(st.lists(st.text(max_size=50), max_size=8))
def test_every_name_can_be_used_in_an_expression_and_is_another_one(texts: list[str]) -> None:
    names = NodeNames()
    given = [names.node(text, "index") for text in texts]
    assert len(set(given)) == len(texts)
    for name in given:
        (part,) = scan(f"${{{{ {name}.index_name }}}}")
        assert not isinstance(part, str)
        assert part.references == ((name, "index_name"),)
