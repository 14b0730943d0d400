"""Requests to one bucket: reads, writes that depend on what is there, and errors in words.

Every write that matters is conditional, and tried again by this module alone: a second try
that boto3 makes by itself would be refused by the first one's success, and nobody would know.
This module must not know states.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, TypeVar

from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError, StateError
from flowplan.state.backends.s3_errors import (
    Conditions,
    in_words,
    is_absent,
    is_passing,
    raised,
    refuses,
)
from flowplan.state.backends.s3_url import Address

__all__ = ["THREADS", "Bucket", "Found", "Listed", "Written"]

T = TypeVar("T")

THREADS = 12
TRIES = 5
_PAUSE = 0.1
_CONNECT_SECONDS = 5
# Shorter than a lease: a write that hangs is found out while the lease is still ours.
_READ_SECONDS = 15
_AT_ONCE = 1000
_PROOF = b"flowplan writes this twice: the second time it must be refused.\n"
_NEVER = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it was at `now`; times are seconds by the server's clock."""

    body: bytes
    etag: str
    modified: float
    now: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A write that took effect, answered at `now` by the server's clock."""

    etag: str
    now: float


@dataclass(frozen=True, slots=True)
class Listed:
    """An object's name, and its age in seconds by the server's clock."""

    key: str
    age: float


class Bucket:
    """The objects of one bucket; safe to share by threads. Nothing is sent before it is used.

    Every method raises `StateError`: FP446 when nothing answers, FP447 without the right,
    FP448 without the bucket, FP408 without boto3.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._made: Any = None
        self._making = Lock()

    def get(self, key: str) -> Found | None:
        """The object, None when it is not there."""

        def work() -> Found:
            answer = self._client().get_object(Bucket=self._address.bucket, Key=key)
            return _found(answer, answer["Body"].read())

        return self._try(work)

    def head(self, key: str) -> Found | None:
        """The object without its body."""

        def work() -> Found:
            return _found(self._client().head_object(Bucket=self._address.bucket, Key=key), b"")

        return self._try(work)

    def put(
        self,
        key: str,
        body: bytes,
        over: str | None,
        metadata: Mapping[str, str] | None = None,
        tries: int = TRIES,
    ) -> Written | None:
        """Write where nothing is, or over the object with the ETag `over`; None when refused.

        A try whose answer was lost makes the next one refuse; so what is there is compared
        then, and `body` must be of this one write alone.
        """
        try:
            written = self._try(lambda: self._put(key, body, over, metadata), tries)
        except Conditions as refused:
            if refused.unsupported:
                raise self._ignorant(refused.said) from None
            written = None
        if written is not None:
            return written
        found = self.get(key)
        return Written(found.etag, found.now) if found and found.body == body else None

    def copy(self, key: str, to: str, etag: str) -> None:
        """Copy the object on the server, if it still has that ETag."""

        def work() -> None:
            self._client().copy_object(
                Bucket=self._address.bucket,
                Key=to,
                CopySource={"Bucket": self._address.bucket, "Key": key},
                CopySourceIfMatch=etag,
            )

        try:
            self._try(work)
        except Conditions:
            return

    def list(self, prefix: str) -> Iterator[Listed]:
        """All objects whose names begin so, in the order of their names."""
        more: dict[str, str] = {}

        def work() -> Any:
            return self._client().list_objects_v2(
                Bucket=self._address.bucket, Prefix=prefix, **more
            )

        while True:
            page: Any = self._try(work)
            now = _clock(page)
            for item in page.get("Contents", ()):
                yield Listed(item["Key"], now - item["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            more["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete them; those that are not there are no matter."""
        for start in range(0, len(keys), _AT_ONCE):
            named = [{"Key": key} for key in keys[start : start + _AT_ONCE]]

            def work(named: list[dict[str, str]] = named) -> None:
                self._client().delete_objects(
                    Bucket=self._address.bucket, Delete={"Objects": named, "Quiet": True}
                )

            self._try(work)

    def prove(self, key: str) -> None:
        """Find out that the endpoint refuses what its conditions forbid. Raises FP449.

        The object `key` stays, so that one request proves each condition the next time.
        """
        # Whether it was there or not, the second one finds it.
        both = self._refused(key, None) or self._refused(key, None)
        if not both or not self._refused(key, _NEVER):
            raise self._ignorant("Writes that had to be refused were accepted.")

    def _refused(self, key: str, over: str | None) -> bool:
        try:
            written = self._try(lambda: self._put(key, _PROOF, over))
        except Conditions as refused:
            if refused.unsupported:
                raise self._ignorant(refused.said) from None
            return True
        return written is None

    def _put(
        self, key: str, body: bytes, over: str | None, metadata: Mapping[str, str] | None = None
    ) -> Written:
        answer = self._client().put_object(
            Bucket=self._address.bucket,
            Key=key,
            Body=body,
            Metadata=metadata or {},
            **({"IfNoneMatch": "*"} if over is None else {"IfMatch": over}),
        )
        return Written(answer["ETag"], _clock(answer))

    def _try(self, work: Callable[[], T], tries: int = TRIES) -> T | None:
        """Its result, None for an object that is not there; what passes is tried again.

        Raises `Conditions` when a condition refused it, else the error in words.
        """
        for count in range(1, tries + 1):
            try:
                return work()
            except FlowplanError:
                raise
            except raised() as error:
                refusal = refuses(error)
                if refusal is not None:
                    raise refusal from None
                if is_absent(error):
                    return None
                if count == tries or not is_passing(error):
                    raise in_words(error, self._address) from None
            time.sleep(_PAUSE * 2**count * random.uniform(0.5, 1))  # noqa: S311
        raise AssertionError(tries)

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Any:
        # On first use: boto3 takes a tenth of a second, and is an extra.
        try:
            import boto3.session
            from botocore.config import Config
        except ImportError:
            raise StateError.of(
                "FP408",
                "a state in S3 needs the package boto3, which is not installed",
                hint="pip install 'flowplan[s3]'",
            ) from None
        address = self._address
        return boto3.session.Session().client(
            "s3",
            region_name=address.region,
            endpoint_url=address.endpoint,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                max_pool_connections=THREADS + 2,
                # Compatible servers often lack the checksums that newer clients add.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"} if address.endpoint else None,
            ),
        )

    def _ignorant(self, said: str) -> FlowplanError:
        return StateError.of(
            "FP449",
            f"{self._address.location}: the server has no conditional writes",
            f"{said} Without If-None-Match and If-Match on PutObject two applies at once would"
            " overwrite each other's state.",
            hint="Use Amazon S3 or a server that has them, or keep the state in another place.",
        )


def _found(answer: Any, body: bytes) -> Found:
    return Found(
        body,
        answer["ETag"],
        answer["LastModified"].timestamp(),
        _clock(answer),
        answer.get("Metadata", {}),
    )


def _clock(answer: Any) -> float:
    """When the server answered, by its own clock."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said).timestamp() if said else time.time()
