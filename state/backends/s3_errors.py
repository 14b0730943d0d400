"""What boto3 raises, sorted: refused by a condition, absent, passing, or an error in words.

No message repeats a request: signatures and keys are in there. This module must not know what
was asked for.
"""

from __future__ import annotations

from typing import Any

from flowplan.errors import FlowplanError, StateError
from flowplan.state.backends.s3_url import Address

__all__ = ["Conditions", "in_words", "is_absent", "is_passing", "raised", "refuses"]

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_PASSING = {
    "ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown",
    "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeoutException",
}  # fmt: skip
_RIGHTS = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "ExpiredToken", "InvalidAccessKeyId",
    "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired", "403", "401",
    "XAmzContentSHA256Mismatch",
}  # fmt: skip
_ELSEWHERE = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
    "307",
}
_NO_CREDENTIALS = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "NoAuthTokenError", "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError",
    "SSOError", "ConfigParseError", "ConfigNotFound", "InvalidConfigError",
    "MetadataRetrievalError", "UnknownCredentialError", "LoginRefreshRequired",
}  # fmt: skip
_NOT_IMPLEMENTED = 501
_PRECONDITION = 412


class Conditions(Exception):
    """A condition of a request refused it; `unsupported` when the server knows no such thing."""

    def __init__(self, said: str, *, unsupported: bool = False) -> None:
        super().__init__(said)
        self.said = said
        self.unsupported = unsupported


def raised() -> tuple[type[Exception], ...]:
    """What a request can raise that is no mistake of ours; a bad endpoint is a ValueError."""
    # In here: without the extra there is no botocore, and nobody gets this far.
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError, ValueError


def refuses(error: Exception) -> Conditions | None:
    """Whether a condition refused the request."""
    code, status, said = _answer(error)
    if status == _PRECONDITION or code == "PreconditionFailed":
        return Conditions(said)
    if status == _NOT_IMPLEMENTED or code == "NotImplemented":
        return Conditions(
            f"It said: {said}." if said else "It knows no conditions.", unsupported=True
        )
    return None


def is_absent(error: Exception) -> bool:
    """Whether there is no such object; a missing bucket is something else."""
    return _answer(error)[0] in _ABSENT


def is_passing(error: Exception) -> bool:
    """Whether another try can do better: nothing answered, or the server was busy."""
    from botocore.exceptions import (
        ConnectionError as Unconnected,
    )
    from botocore.exceptions import (
        HTTPClientError,
        IncompleteReadError,
        ResponseStreamingError,
    )

    code, status, _ = _answer(error)
    if status:
        return status >= 500 or status == 429 or code in _PASSING  # noqa: PLR2004
    lost = HTTPClientError | IncompleteReadError | ResponseStreamingError | Unconnected
    return isinstance(error, lost)


def in_words(error: Exception, address: Address) -> FlowplanError:
    """The error that people read: FP446, FP447, FP448."""
    code, status, said = _answer(error)
    where = address.location
    if code == "NoSuchBucket":
        return StateError.of(
            "FP448",
            f"{where}: there is no bucket {address.bucket}",
            "flowplan makes no buckets: who may read them and how long they keep is yours to say.",
            hint=f"Make it, or name another: aws s3 mb s3://{address.bucket}",
        )
    if code in _ELSEWHERE:
        return StateError.of(
            "FP448",
            f"{where}: the bucket {address.bucket} is in another region",
            f"It said: {said or code}.",
            hint="Name its region: s3://BUCKET/KEY?region=REGION",
        )
    if code in _RIGHTS:
        return StateError.of(
            "FP447",
            f"{where}: the server refused the credentials or the request ({code})",
            "A state needs s3:GetObject, s3:PutObject and s3:DeleteObject on its objects and"
            " s3:ListBucket on the bucket.",
            hint="See whose credentials are used: aws sts get-caller-identity",
        )
    if type(error).__name__ in _NO_CREDENTIALS:
        return StateError.of(
            "FP447",
            f"{where}: no credentials can be used",
            f"{_first_line(error)}.",
            hint="Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    told = f"{code} ({status}): {said}" if status else _first_line(error)
    return StateError.of(
        "FP446",
        f"{where} can't be reached",
        f"{told.rstrip('.')}.",
        hint="Check the region and the endpoint, and that this machine may connect to it; then"
        " run the command again.",
    )


def _answer(error: Exception) -> tuple[str, int, str]:
    """Code, status and text of an answer that says no; "" and 0 where nothing answered."""
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return "", 0, ""
    told = answer.get("Error", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(told.get("Code", "")), int(status), str(told.get("Message", ""))


def _first_line(error: Exception) -> str:
    return (
        str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no reason given"
    )
