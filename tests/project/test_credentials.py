"""Credentials of the project file beside those of the environment."""

from __future__ import annotations

import pytest

from flowplan.errors import ProjectError, ProviderError
from flowplan.project.choose import choose
from flowplan.project.credentials import compose
from flowplan.project.grammar import read_project

USER = "{username: u, password: {env: PW}}"
TOKEN = "{token: {file: token}}"
AWS = "{aws: {region: eu-west-1}}"
NAMES = ("USERNAME", "PASSWORD", "TOKEN", "TOKEN_FILE", "AWS_SIGV4", "AWS_REGION")


@pytest.fixture
def composed(tmp_path):
    """What the connection gets, without its prefix, for credentials and an environment."""

    def call(credentials, *, user_in_url=False, **given):
        (tmp_path / "token").write_text("hush-token\n")
        (tmp_path / "flowplan.yaml").write_text(f"credentials: {credentials}\n")
        environ = {"PW": "hush-pw"}
        environ |= {f"FLOWPLAN_{name}": value for name, value in given.items()}
        settings = choose(read_project(tmp_path / "flowplan.yaml"), None, environ)
        made = compose(settings, environ, user_in_url=user_in_url).environ
        return {
            name.removeprefix("FLOWPLAN_"): value
            for name, value in made.items()
            if name.startswith("FLOWPLAN_")
        }

    return call


def test_a_user_and_a_password(composed):
    assert composed(USER) == {"USERNAME": "u", "PASSWORD": "hush-pw"}


def test_a_token_from_a_file(composed):
    assert composed(TOKEN) == {"TOKEN": "hush-token"}


def test_aws(composed):
    assert composed(AWS) == {"AWS_SIGV4": "es", "AWS_REGION": "eu-west-1"}


def test_certificates_are_paths_from_the_project_file(composed, tmp_path):
    found = composed("{ca: a.pem, client_cert: c.pem, client_key: k.pem}")
    assert found == {
        "CA_BUNDLE": str(tmp_path / "a.pem"),
        "CLIENT_CERT": str(tmp_path / "c.pem"),
        "CLIENT_KEY": str(tmp_path / "k.pem"),
    }


@pytest.mark.parametrize(
    ("credentials", "given", "made"),
    [
        (USER, {"PASSWORD": "other"}, {"USERNAME": "u", "PASSWORD": "other"}),
        (USER, {"USERNAME": "v"}, {"USERNAME": "v", "PASSWORD": "hush-pw"}),
        (USER, {"TOKEN": "t"}, {"TOKEN": "t"}),
        (USER, {"TOKEN_FILE": "t"}, {"TOKEN_FILE": "t"}),
        (USER, {"AWS_SIGV4": "es"}, {"AWS_SIGV4": "es"}),
        (TOKEN, {"TOKEN": "t"}, {"TOKEN": "t"}),
        (TOKEN, {"TOKEN_FILE": "t"}, {"TOKEN_FILE": "t"}),
        (TOKEN, {"USERNAME": "v", "PASSWORD": "p"}, {"USERNAME": "v", "PASSWORD": "p"}),
        (AWS, {"TOKEN": "t"}, {"TOKEN": "t"}),
        (AWS, {"AWS_REGION": "r"}, {"AWS_SIGV4": "es", "AWS_REGION": "r"}),
        ("{ca: /a.pem}", {"CA_BUNDLE": "b"}, {"CA_BUNDLE": "b"}),
        ("{ca: /a.pem}", {"TOKEN": "t"}, {"CA_BUNDLE": "/a.pem", "TOKEN": "t"}),
        ("{client_cert: /c, client_key: /k}", {"CLIENT_CERT": "x"}, {"CLIENT_CERT": "x"}),
    ],
)  # fmt: skip
def test_the_environment_comes_first_and_kinds_are_not_mixed(composed, credentials, given, made):
    assert composed(credentials, **given) == made


def test_an_empty_variable_is_none(composed):
    assert composed(USER, PASSWORD="") == {"USERNAME": "u", "PASSWORD": "hush-pw"}


def test_a_user_in_the_url_leaves_the_files_account_out_but_not_its_authority(composed):
    found = composed("{username: u, password: {env: PW}, ca: /a.pem}", user_in_url=True)
    assert found == {"CA_BUNDLE": "/a.pem"}


@pytest.fixture
def failed(composed):
    def call(credentials):
        with pytest.raises(ProjectError) as caught:
            composed(credentials)
        return caught.value.diagnostics

    return call


def test_all_secrets_that_are_missing_are_told_at_once(failed):
    found = failed("{username: {env: U}, password: {file: none}}")
    assert [item.code for item in found] == ["FP625", "FP625"]
    assert [item.column for item in found] == [25, 45]
    assert "the variable U is not set" in found[0].summary
    assert "no such file" in found[1].summary


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\n", "is empty"), (b"\xff", "UTF-8"), (b"x" * (1 << 20) + b"x", "larger than")],
)
def test_a_file_that_holds_no_secret_is_refused(failed, tmp_path, content, words):
    (tmp_path / "k").write_bytes(content)
    (found,) = failed("{token: {file: k}}")
    assert found.code == "FP625"
    assert words in found.summary


def test_an_error_of_the_connection_speaks_of_the_file_where_the_value_came_from_there(tmp_path):
    (tmp_path / "flowplan.yaml").write_text("credentials: {ca: none.pem}\n")
    settings = choose(read_project(tmp_path / "flowplan.yaml"), None, {})
    made = compose(settings, {}, user_in_url=False)
    error = ProviderError.of(
        "FP321", "FLOWPLAN_CA_BUNDLE names nothing", hint="Correct FLOWPLAN_CA_BUNDLE"
    )
    (found,) = made.placed(error, settings).diagnostics
    assert found.summary == "credentials.ca names nothing"
    assert found.hint == "Correct credentials.ca"
    assert (found.line, found.column) == (1, 19)


def test_an_error_about_a_variable_that_was_set_stays_as_it_is(tmp_path):
    (tmp_path / "flowplan.yaml").write_text("credentials: {ca: none.pem}\n")
    settings = choose(read_project(tmp_path / "flowplan.yaml"), None, {})
    made = compose(settings, {"FLOWPLAN_CA_BUNDLE": "x"}, user_in_url=False)
    error = ProviderError.of("FP321", "FLOWPLAN_CA_BUNDLE names nothing")
    (found,) = made.placed(error, settings).diagnostics
    assert (found.summary, found.line) == ("FLOWPLAN_CA_BUNDLE names nothing", None)
