"""The lease on a state in S3: one small object that changes hands by conditional writes.

    chat.state.json.lock    {"holder": {…} or null, "ttl": 30.0, "nonce": "…"}

It is never deleted, only given back, so each of its versions is written over the one that was
read: whoever is late is refused. Its age is the server's: the time of the answer less that of
the last write. This module must not know what is done under it.
"""

from __future__ import annotations

import json
import secrets
import time
from threading import Lock
from typing import Any

from flowplan.errors import LockLost
from flowplan.state.backends.s3_bucket import Bucket, Found
from flowplan.state.backends.store import Lease
from flowplan.state.lock import LockHolder, lost

__all__ = ["LeaseObject"]

# What can't be understood is kept for as long as an ordinary lease, then taken.
_TTL = 30.0


class LeaseObject:
    """The lease of one state, and our hold on it; safe to share by threads."""

    def __init__(self, bucket: Bucket, key: str, location: str) -> None:
        self._bucket = bucket
        self._key = key
        self._location = location
        self._mutex = Lock()
        self._id = ""
        self._renewed = 0.0
        self._ttl = 0.0
        self._seen = "", 0.0

    def look(self) -> Lease | None:
        """The lease as it is, None when it is free."""
        return self._lease(self._bucket.get(self._key))

    def take(self, holder: LockHolder, ttl: float) -> Lease | None:
        """Take it if it is free or expired: None. Else the one that is in the way."""
        with self._mutex:
            while True:
                found = self._bucket.get(self._key)
                lease = self._lease(found)
                if lease is not None and not lease.expired:
                    return lease
                if found is not None and lease is not None and not self._unchanged(found):
                    continue
                # Refused means that somebody else took it or gave it back: no endless loop.
                if self._write(holder, ttl, None if found is None else found.etag):
                    self._id = holder.id
                    return None

    def renew(self, lock_id: str, ttl: float) -> None:
        """Make it good for `ttl` seconds from now. Raises `LockLost`."""
        with self._mutex:
            if self._id != lock_id:
                raise self.lost(None)
            found = self._bucket.get(self._key)
            lease = self._lease(found)
            if found is None or lease is None or lease.holder.id != lock_id:
                raise self.lost(lease)
            # One try: whoever renews tries again by itself, until the lease is over.
            if not self._write(lease.holder, ttl, found.etag, tries=1):
                raise self.lost(self.look())

    def free(self, lock_id: str) -> bool:
        """Give it back; whether it was `lock_id`'s."""
        with self._mutex:
            if self._id == lock_id:
                self._id = ""
            while True:
                found = self._bucket.get(self._key)
                lease = self._lease(found)
                if found is None or lease is None or lease.holder.id != lock_id:
                    return False
                if self._write(None, 0, found.etag):
                    return True

    def confirm(self, lock_id: str, now: float) -> None:
        """Raise `LockLost` unless it was ours at `now`, by the server's clock.

        Nothing is asked while nobody can have taken it: shortly after we wrote it last.
        """
        if self._id != lock_id or now - self._renewed > self._ttl / 2:
            self.check(lock_id)

    def check(self, lock_id: str) -> None:
        """Raise `LockLost` unless it is ours."""
        lease = self.look()
        if self._id != lock_id or lease is None or lease.holder.id != lock_id:
            raise self.lost(lease)

    def _lease(self, found: Found | None) -> Lease | None:
        """The lease in that object, None when it is free or not there."""
        told = None if found is None else _read(found.body)
        if found is None or told is None:
            return None
        if self._seen[0] != found.etag:
            self._seen = found.etag, time.monotonic()
        # The server's times are whole seconds; a version that we have long looked at is older.
        looked_at = time.monotonic() - self._seen[1]
        return Lease(told[0], max(0.0, found.now - found.modified, looked_at), told[1])

    def _unchanged(self, found: Found) -> bool:
        """Whether a lease is as old as it looked.

        Some servers put the time of one version and the text of the next into one answer.
        """
        again = self._bucket.head(self._key)
        return again is not None and (again.etag, again.modified) == (found.etag, found.modified)

    def lost(self, lease: Lease | None) -> LockLost:
        """The error for a hold that is over; `lease` is what is there now."""
        why = "it was not renewed in time, or somebody released it"
        return lost(self._location, why, None if lease is None else lease.holder)

    def _write(
        self, holder: LockHolder | None, ttl: float, over: str | None, tries: int = 5
    ) -> bool:
        value = {
            "holder": None if holder is None else holder.as_json(),
            "ttl": ttl,
            # Equal bodies have equal ETags, and one that came back would let a late write pass.
            "nonce": secrets.token_hex(8),
        }
        body = json.dumps(value, indent=1).encode() + b"\n"
        written = self._bucket.put(self._key, body, over, tries=tries)
        if written is None:
            return False
        self._renewed, self._ttl = written.now, ttl
        return True


def _read(body: bytes) -> tuple[LockHolder, float] | None:
    """Holder and ttl, None for a lease that is free; what makes no sense is somebody's, too."""
    try:
        value: Any = json.loads(body)
        if value["holder"] is None:
            return None
        holder, ttl = LockHolder.from_json(value["holder"]), float(value["ttl"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return LockHolder.unknown(), _TTL
    return holder or LockHolder.unknown(), ttl
