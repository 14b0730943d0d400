from __future__ import annotations

import pytest

from flowplan.errors import StateError
from flowplan.state.backends.postgres_url import parse_url


def problem_of(url):
    with pytest.raises(StateError) as caught:
        parse_url(url)
    return caught.value.diagnostics[0]


def test_what_is_not_ours_is_left_to_libpq():
    found = parse_url("postgres://ann@db:5433/x?sslmode=require&key=chat.prod&schema=states")
    assert (found.key, found.schema) == ("chat.prod", "states")
    assert found.conninfo.startswith("postgresql://ann@db:5433/x?")
    assert "sslmode=require" in found.conninfo
    assert "key=" not in found.conninfo


def test_without_options_it_is_the_default_state_in_a_schema_of_its_own():
    found = parse_url("postgresql://db/x")
    assert (found.key, found.schema) == ("default", "flowplan")
    assert found.location == "postgresql://db/x"


def test_what_is_said_of_time_limits_takes_the_place_of_ours():
    assert "connect_timeout=3&" in parse_url("postgres://db/x?connect_timeout=3").conninfo + "&"
    assert "connect_timeout=10" in parse_url("postgres://db/x").conninfo


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:s3cret@db/x?key=chat",
        "postgres://ann@db/x?password=s3cret&key=chat",
        "postgres://ann@db/x?key=chat&sslpassword=s3cret",
    ],
)
def test_no_password_is_shown(url):
    found = parse_url(url)
    assert found.location == "postgres://ann@db/x?key=chat"
    assert "s3cret" in found.conninfo
    assert "s3cret" not in repr(found)


def test_a_password_that_the_server_repeats_is_taken_out():
    told = parse_url("postgres://ann:s3%21cret@db/x").failure(None, "bad s3!cret here")
    assert "s3!cret" not in str(told.diagnostics[0])
    assert "(sensitive)" in told.diagnostics[0].detail


def test_a_socket_is_shown_as_it_was_given():
    assert parse_url("postgres:///x?host=/run&key=a").location == "postgres:///x?host=%2Frun&key=a"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:s3cret@db:port/x",
        "postgres://ann:s3cret@[db/x",
        "postgres://ann:s3cret@db/x?key",
        "postgres://ann:s3cret@db/x?key=a&key=b",
        "postgres://ann:s3cret@db/x?key=",
        "postgres://ann:s3cret@db/x?key=a/b",
        "postgres://ann:s3cret@db/x?schema=A",
        'postgres://ann:s3cret@db/x?schema=a"b',
        f"postgres://ann:s3cret@db/x?schema={'a' * 64}",
        "postgres://ann:s3cret@db/x y",
        "postgres://ann:s3cret@db/x#y",
    ],
)
def test_a_url_that_names_no_place_is_refused_without_its_password(url):
    problem = problem_of(url)
    assert problem.code == "FP440"
    assert "s3cret" not in str(problem)


@pytest.mark.parametrize(
    ("sqlstate", "text", "code"),
    [
        (None, "connection refused", "FP441"),
        ("57P01", "terminating connection", "FP441"),
        ("53300", "too many connections", "FP441"),
        (None, 'FATAL: password authentication failed for user "ann"', "FP442"),
        (None, "fe_sendauth: no password supplied", "FP442"),
        ("42501", "permission denied for schema x", "FP442"),
        ("42703", "column does not exist", "FP443"),
    ],
)
def test_errors_have_their_kinds(sqlstate, text, code):
    assert parse_url("postgres://db/x").failure(sqlstate, text).diagnostics[0].code == code
