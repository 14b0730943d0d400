"""Where template, state, sandbox and the project file are."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowplan.errors import UsageError
from flowplan.project import Settings, locate
from flowplan.project.places import find_project


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


# ---- with a project file -----------------------------------------------------------------------


def settings(**given):
    return Settings(file=Path("p/flowplan.yaml"), **given)


def test_the_project_files_template_comes_before_the_directorys(tmp_path):
    (tmp_path / "template.yaml").touch()
    place = locate(directory=tmp_path, settings=settings(template=Path("p/chat.yaml")))
    assert place.template == Path("p/chat.yaml")


def test_a_named_template_comes_before_the_project_files():
    place = locate(argument="a.yaml", settings=settings(template=Path("p/chat.yaml")))
    assert place.template == Path("a.yaml")


def test_a_template_beside_the_project_file_is_found_from_below(tmp_path):
    (tmp_path / "template.yml").touch()
    (tmp_path / "sub").mkdir()
    found = Settings(file=tmp_path / "flowplan.yaml")
    place = locate(directory=tmp_path / "sub", settings=found)
    assert place.template == tmp_path / "template.yml"


def test_the_state_of_an_environment_has_its_name():
    place = locate(argument="d/chat.yaml", settings=settings(environment="prod"))
    assert place.state == str(Path("d/chat.prod.state.json"))


def test_a_state_of_the_project_file_gets_environment_and_template():
    found = settings(environment="prod", state="s3://b/{template}/{env}")
    assert locate(argument="d/chat.yaml", settings=found).state == "s3://b/chat/prod"


def test_the_flag_names_the_state_before_the_project_file():
    assert locate(argument="a.yaml", state="x", settings=settings(state="y")).state == "x"


def test_with_a_state_in_the_project_file_no_template_is_needed(tmp_path):
    place = locate(directory=tmp_path, settings=settings(state="s.json"))
    assert (place.template, place.state) == (None, "s.json")


def test_a_state_named_after_the_template_needs_one(tmp_path):
    with pytest.raises(UsageError, match="FP605"):
        locate(directory=tmp_path, settings=settings(state="{template}.json"))


def test_the_sandbox_is_beside_the_project_file():
    place = locate(argument="d/chat.yaml", settings=settings())
    assert place.sandbox == Path("p/.flowplan/sandbox.db")
    assert place.project == Path("p/flowplan.yaml")


def test_the_project_file_is_looked_for_upward(tmp_path):
    (tmp_path / "flowplan.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == tmp_path / "flowplan.yaml"


def test_the_nearest_project_file_counts(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "flowplan.yaml").touch()
    (tmp_path / "a" / "flowplan.yaml").touch()
    assert find_project(below) == tmp_path / "a" / "flowplan.yaml"


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_nothing_above_a_repository_is_looked_into(tmp_path, kind):
    below = tmp_path / "repository" / "b"
    below.mkdir(parents=True)
    (tmp_path / "flowplan.yaml").touch()
    # In a worktree and a submodule it is a file.
    git = tmp_path / "repository" / ".git"
    git.mkdir() if kind == "directory" else git.touch()
    assert find_project(below) is None


def test_the_project_file_of_the_repository_itself_is_found(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "flowplan.yaml").touch()
    assert find_project(tmp_path) == tmp_path / "flowplan.yaml"


def test_a_directory_of_that_name_is_no_project_file(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "flowplan.yaml").mkdir()
    assert find_project(tmp_path) is None


def test_a_relative_start_gives_a_relative_path(tmp_path, monkeypatch):
    (tmp_path / "flowplan.yaml").touch()
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert find_project(Path()) == Path("../flowplan.yaml")


def test_where_the_working_directory_is_gone_there_is_no_project(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_project(Path()) is None
