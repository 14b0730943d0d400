"""What comes of every way in which S3 or the way to it says no."""

from __future__ import annotations

import sys

import pytest
from botocore import exceptions as boto

from flowplan.errors import StateError
from flowplan.state.backends import s3_bucket
from flowplan.state.backends.s3_bucket import Bucket
from flowplan.state.backends.s3_url import parse_url
from tests.state.backends.s3_memory import Meddling, Memory, refusal

ADDRESS = parse_url("s3://states/chat.json?region=eu-west-1", {})
TIMEOUT = boto.ReadTimeoutError(endpoint_url="https://s3.example.org")


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(s3_bucket, "_PAUSE", 0)
    made = Bucket(ADDRESS)
    made._made = Meddling(Memory())
    return made


def failing(bucket, *errors):
    """Each of the next requests fails with the next of these errors, unsent."""
    left = list(errors)

    def hook(point, operation):
        if point == "before" and left:
            raise left.pop(0)

    bucket._made.hook = hook
    return left


def code_of(bucket, error):
    failing(bucket, *[error] * 10)
    with pytest.raises(StateError) as caught:
        bucket.get("k")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.hint
    return diagnostic.code


@pytest.mark.parametrize(
    "error",
    [
        TIMEOUT,
        boto.EndpointConnectionError(endpoint_url="https://s3.example.org"),
        boto.ConnectionClosedError(endpoint_url="https://s3.example.org"),
        boto.ResponseStreamingError(error="reset"),
        refusal("InternalError", 500),
        refusal("SlowDown", 503),
        refusal("TooManyRequests", 429),
        refusal("ConditionalRequestConflict", 409),
    ],
)
def test_what_passes_is_tried_again(bucket, error):
    assert bucket.put("k", b"1", None) is not None
    left = failing(bucket, error, error)
    assert bucket.get("k").body == b"1"
    assert not left


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TIMEOUT, "FP446"),
        (refusal("InternalError", 500), "FP446"),
        (refusal("InvalidRequest", 400), "FP446"),
        (boto.NoRegionError(), "FP446"),
        (ValueError("Invalid endpoint: x"), "FP446"),
        (boto.NoCredentialsError(), "FP447"),
        (boto.ProfileNotFound(profile="ci"), "FP447"),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), "FP447"),
        (refusal("AccessDenied", 403), "FP447"),
        (refusal("403", 403), "FP447"),
        (refusal("ExpiredToken", 400), "FP447"),
        (refusal("SignatureDoesNotMatch", 403), "FP447"),
        (refusal("NoSuchBucket", 404), "FP448"),
        (refusal("PermanentRedirect", 301), "FP448"),
        (refusal("AuthorizationHeaderMalformed", 400), "FP448"),
    ],
)
def test_every_other_no_is_told_under_its_code(bucket, error, code):
    assert code_of(bucket, error) == code


def test_an_object_that_is_not_there_is_none(bucket):
    assert bucket.get("k") is None
    assert bucket.head("k") is None


def test_a_write_over_nothing_is_refused(bucket):
    assert bucket.put("k", b"1", '"etag"') is None


def test_a_write_where_something_is_is_refused(bucket):
    bucket.put("k", b"1", None)
    assert bucket.put("k", b"2", None) is None


def test_a_write_over_another_version_is_refused(bucket):
    first = bucket.put("k", b"1", None)
    assert bucket.put("k", b"2", first.etag) is not None
    assert bucket.put("k", b"3", first.etag) is None


def test_a_write_whose_answer_was_lost_is_known_by_its_body(bucket):
    def lose(point, operation):
        if point == "after":
            bucket._made.hook = lambda *_: None
            raise TIMEOUT

    bucket._made.hook = lose
    assert bucket.put("k", b"1", None) is not None


def test_a_copy_of_another_version_is_not_made(bucket):
    bucket.put("k", b"1", None)
    bucket.copy("k", "to", '"other"')
    assert bucket.get("to") is None


def test_many_objects_are_deleted_in_few_requests(bucket, monkeypatch):
    monkeypatch.setattr(s3_bucket, "_AT_ONCE", 10)
    keys = [f"k/{number}" for number in range(25)]
    for key in keys:
        bucket.put(key, b"1", None)
    before = bucket._made.requests
    bucket.delete(keys)
    assert bucket._made.requests == before + 3
    assert list(bucket.list("k/")) == []


def test_conditions_are_proved_whether_the_probe_is_there_or_not(bucket):
    bucket.prove("probe")
    before = bucket._made.requests
    bucket.prove("probe")
    assert bucket._made.requests == before + 2


def test_a_server_that_ignores_if_match_alone_is_refused(bucket):
    memory, put = bucket._made.client, bucket._made.client.put_object
    memory.put_object = lambda IfMatch=None, **rest: put(**rest)  # noqa: N803
    with pytest.raises(StateError) as caught:
        bucket.prove("probe")
    assert caught.value.diagnostics[0].code == "FP449"


@pytest.mark.parametrize("write", ["prove", "put"])
def test_a_server_that_says_it_has_no_conditions_is_refused(bucket, write):
    failing(bucket, refusal("NotImplemented", 501, "A header is not implemented"))
    with pytest.raises(StateError) as caught:
        bucket.prove("probe") if write == "prove" else bucket.put("k", b"1", None)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP449"
    assert "A header is not implemented" in diagnostic.detail


def test_without_boto3_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(StateError) as caught:
        Bucket(ADDRESS).get("k")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "FP408"
    assert diagnostic.hint == "pip install 'flowplan[s3]'"


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """An environment in which no credentials are to be found."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return monkeypatch


def told_by(url):
    with pytest.raises(StateError) as caught:
        Bucket(parse_url(url, {})).get("k")
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def test_missing_credentials_are_told_before_anything_is_sent(nobody):
    assert told_by("s3://states/k?endpoint=http://127.0.0.1:1").code == "FP447"


def test_an_endpoint_where_nothing_listens_is_told_without_the_credentials(nobody):
    nobody.setattr(s3_bucket, "_PAUSE", 0)
    nobody.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-canary")
    told = told_by("s3://states/k?endpoint=http://127.0.0.1:1")
    assert told.code == "FP446"
    assert "127.0.0.1:1" in told.detail
    assert "canary" not in str(told).lower()


def test_a_profile_that_is_not_there_is_told(nobody):
    nobody.setenv("AWS_PROFILE", "nowhere")
    assert told_by("s3://states/k?endpoint=http://127.0.0.1:1").code == "FP447"
