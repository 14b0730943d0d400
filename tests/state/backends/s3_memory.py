"""Objects in memory behind boto3's methods, and a client that meddles with requests.

`Memory` answers as S3 does, as far as flowplan asks; `Meddling` stands before it or before a
real client and calls a hook around each request. It must not know states.
"""

# The arguments have boto3's names.
# ruff: noqa: N803

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, status: int, said: str = "no", operation: str = "PutObject") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": said}, "ResponseMetadata": {"HTTPStatusCode": status}},
        operation,
    )


@dataclass
class Memory:
    """One bucket. `shift` moves its clock; `heeds` says whether it knows conditions."""

    objects: dict[str, tuple[bytes, dict[str, str], float]] = field(default_factory=dict)
    shift: float = 0.0
    heeds: bool = True
    page: int = 1000
    mutex: Any = field(default_factory=RLock)

    def put_object(self, Key, Body, Metadata, IfNoneMatch=None, IfMatch=None, **_):
        with self.mutex:
            there = self.objects.get(Key)
            if self.heeds and IfNoneMatch and there is not None:
                raise refusal("PreconditionFailed", 412)
            if self.heeds and IfMatch and there is None:
                raise refusal("NoSuchKey", 404)
            if self.heeds and IfMatch and there and IfMatch != etag(there[0]):
                raise refusal("PreconditionFailed", 412)
            self.objects[Key] = (bytes(Body), dict(Metadata), self.now())
            return self.answer(ETag=etag(bytes(Body)))

    def get_object(self, Key, **_):
        answer = self.head_object(Key=Key, code="NoSuchKey")
        return {**answer, "Body": io.BytesIO(self.objects[Key][0])}

    def head_object(self, Key, code="404", **_):
        there = self.objects.get(Key)
        if there is None:
            raise refusal(code, 404)
        body, metadata, at = there
        modified = datetime.fromtimestamp(int(at), UTC)
        return self.answer(ETag=etag(body), LastModified=modified, Metadata=metadata)

    def copy_object(self, Key, CopySource, CopySourceIfMatch, **_):
        with self.mutex:
            there = self.objects.get(CopySource["Key"])
            if there is None:
                raise refusal("NoSuchKey", 404)
            if etag(there[0]) != CopySourceIfMatch:
                raise refusal("PreconditionFailed", 412)
            self.objects[Key] = there
            return self.answer()

    def delete_objects(self, Delete, **_):
        for item in Delete["Objects"]:
            self.objects.pop(item["Key"], None)
        return self.answer()

    def list_objects_v2(self, Prefix, ContinuationToken="", **_):
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        keys = [key for key in keys if key > ContinuationToken]
        shown = [
            {"Key": key, "LastModified": datetime.fromtimestamp(self.objects[key][2], UTC)}
            for key in keys[: self.page]
        ]
        more = len(keys) > self.page
        token = {"NextContinuationToken": shown[-1]["Key"]} if more else {}
        return self.answer(Contents=shown, IsTruncated=more, **token)

    def now(self) -> float:
        return time.time() + self.shift

    def answer(self, **fields: Any) -> dict[str, Any]:
        date = format_datetime(datetime.fromtimestamp(self.now(), UTC), usegmt=True)
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}, **fields}


def etag(body: bytes) -> str:
    return f'"{md5(body).hexdigest()}"'


def nothing(_point: str, _operation: str) -> None:
    pass


@dataclass
class Meddling:
    """A client whose `hook` is called before and after each request, `after` even if it fails."""

    client: Any
    hook: Callable[[str, str], None] = nothing
    requests: int = 0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def request(**arguments: Any) -> Any:
            self.requests += 1
            self.hook("before", operation)
            try:
                return getattr(self.client, operation)(**arguments)
            finally:
                self.hook("after", operation)

        return request
