from __future__ import annotations

import pytest

from flowplan.errors import StateError
from flowplan.state.backends.s3_url import parse_url

ENDPOINT = "https://s3.example.org:9000"


def test_a_plain_url_leaves_region_and_endpoint_to_the_aws_settings():
    found = parse_url("s3://states/team/chat.state.json", {})
    assert (found.bucket, found.key) == ("states", "team/chat.state.json")
    assert (found.region, found.endpoint) == (None, None)


def test_region_and_endpoint_are_options():
    found = parse_url(f"s3://b-1/k?region=eu-west-1&endpoint={ENDPOINT}", {})
    assert (found.region, found.endpoint) == ("eu-west-1", ENDPOINT)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
def test_the_environment_may_name_the_endpoint(name):
    assert parse_url("s3://bucket/k", {name: ENDPOINT}).endpoint == ENDPOINT


def test_an_endpoint_in_the_url_comes_before_the_environments():
    found = parse_url(f"s3://bucket/k?endpoint={ENDPOINT}", {"AWS_ENDPOINT_URL_S3": "https://x"})
    assert found.endpoint == ENDPOINT


def test_with_an_endpoint_and_no_region_any_region_signs():
    assert parse_url(f"s3://bucket/k?endpoint={ENDPOINT}", {}).region == "us-east-1"


def test_the_environments_region_is_left_to_the_client():
    found = parse_url(f"s3://bucket/k?endpoint={ENDPOINT}", {"AWS_DEFAULT_REGION": "eu-west-1"})
    assert found.region is None


def test_a_key_may_be_escaped():
    assert parse_url("s3://bucket/my%20team/k", {}).key == "my team/k"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3:///key", "no bucket"),
        ("s3://bucket", "no object"),
        ("s3://bucket/", "no object"),
        ("s3://bucket/dir/", "no object"),
        ("s3://b/key", '"b"'),
        ("s3://bucket:80/key", '"bucket:80"'),
        ("s3://bucket/a//b", "empty part"),
        ("s3://bucket/a/../b", "empty part"),
        ("s3://bucket/a%00b", "control"),
        ("s3://bucket/" + "k" * 901, "too long"),
        ("s3://bucket/k#part", "form"),
        ("s3://bucket/a b", "form"),
        ("s3://[x/k", "URL"),
        ("s3://bucket/k?regoin=eu-west-1", 'did you mean "region"'),
        ("s3://bucket/k?kms=x", '"kms"'),
        ("s3://bucket/k?region=a&region=b", "twice"),
        ("s3://bucket/k?region=EU west", "form"),
        ("s3://bucket/k?region=EU", '"EU"'),
        ("s3://bucket/k?endpoint=s3.example.org", "https://HOST:PORT"),
        ("s3://bucket/k?endpoint=https://x:y", "https://HOST:PORT"),
        ("s3://bucket/k?endpoint=ftp://x", "https://HOST:PORT"),
        ("s3://bucket/k?endpoint=https://x%3Fq", "query"),
    ],
)
def test_a_url_that_names_no_object_is_refused_with_the_reason(url, why):
    with pytest.raises(StateError) as caught:
        parse_url(url, {})
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP445"
    assert why in diagnostic.summary


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIAKEY:s3cr3t@bucket/k",
        "s3://bucket/k?endpoint=https://AKIAKEY:s3cr3t@s3.example.org",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url):
    with pytest.raises(StateError) as caught:
        parse_url(url, {})
    (diagnostic,) = caught.value.diagnostics
    assert "credentials" in diagnostic.summary
    assert "s3cr3t" not in str(diagnostic)
