"""Where template, state and sandbox are."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowplan.errors import UsageError
from flowplan.project import locate


@pytest.mark.parametrize("name", ["template.yaml", "template.yml", "template.json"])
def test_the_working_directorys_template_is_taken(tmp_path, name):
    (tmp_path / name).touch()
    place = locate(directory=tmp_path)
    assert place.template == tmp_path / name
    assert place.state == str(tmp_path / "template.state.json")
    assert place.sandbox == tmp_path / ".flowplan" / "sandbox.db"


def test_yaml_comes_before_json(tmp_path):
    (tmp_path / "template.json").touch()
    (tmp_path / "template.yaml").touch()
    assert locate(directory=tmp_path).template == tmp_path / "template.yaml"


def test_the_state_stands_beside_the_named_template():
    place = locate(argument="dir/chat.prod.yaml")
    assert place.state == str(Path("dir/chat.prod.state.json"))


def test_a_named_state_wins():
    place = locate(argument="a.yaml", state="s3://bucket/key")
    assert (place.template, place.state) == (Path("a.yaml"), "s3://bucket/key")


def test_with_a_state_alone_the_directorys_template_is_not_taken(tmp_path):
    (tmp_path / "template.yaml").touch()
    place = locate(state=str(tmp_path / "other.json"), directory=tmp_path)
    assert place.template is None
    assert place.sandbox == tmp_path / ".flowplan" / "sandbox.db"


def test_the_sandbox_of_a_remote_state_is_here():
    assert locate(state="s3://b/k").sandbox == Path(".flowplan/sandbox.db")


def test_nothing_named_and_nothing_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="FP605"):
        locate(directory=tmp_path)


def test_two_names_for_one_template_are_fine():
    assert locate(argument="a.yaml", template="./a.yaml").template == Path("a.yaml")


def test_two_templates_are_refused():
    with pytest.raises(UsageError, match="FP606"):
        locate(argument="a.yaml", template="b.yaml")
