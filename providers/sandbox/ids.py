"""Ids that look like OpenSearch's: 20 URL-safe characters, mostly time, no two alike.

Must not know what is named by them.
"""

from __future__ import annotations

import base64
import itertools
import os
import secrets
import string
import time
from collections.abc import Iterator

__all__ = ["IdGenerator", "random_uuid"]

_ALPHABET = string.ascii_letters + string.digits


def random_uuid() -> str:
    """22 URL-safe characters, as `cluster_uuid` and node ids have."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


class IdGenerator:
    """Time-based ids in the layout of OpenSearch's generator: counter, time, node, time, counter.

    The node part is drawn anew for each process, so processes that share one database never meet.
    It has no dash: on a real node two dashes there make ML Commons' in-use checks wrong (FACTS).
    """

    def __init__(self) -> None:
        self._seed = self._fresh()

    @staticmethod
    def _fresh() -> tuple[int, bytes, Iterator[int]]:
        text = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        node = base64.urlsafe_b64decode(text)
        return os.getpid(), node, itertools.count(secrets.randbits(23))

    def __call__(self) -> str:
        """A new id."""
        if self._seed[0] != os.getpid():
            # After a fork parent and child would otherwise go on counting the same numbers.
            self._seed = self._fresh()
        _, node, counter = self._seed
        count = next(counter)
        now = int(time.time() * 1000)
        head = bytes((count & 0xFF, count >> 16 & 0xFF)) + (now >> 16).to_bytes(4, "little")
        tail = bytes((now >> 8 & 0xFF, count >> 8 & 0xFF, now & 0xFF))
        return base64.urlsafe_b64encode(head + node + tail).decode()
