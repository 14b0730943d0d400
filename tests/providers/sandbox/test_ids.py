from __future__ import annotations

import os
import re
import threading
from typing import Any

import pytest

from flowplan.providers.sandbox.ids import IdGenerator, random_uuid


def test_an_id_has_twenty_url_safe_characters() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", IdGenerator()())


def test_the_node_part_holds_no_dash() -> None:
    # Two dashes there make ML Commons' own in-use checks take every connector for used.
    new = IdGenerator()
    assert "-" not in new()[8:16]
    assert new()[8:16] == new()[8:16]


def test_no_two_ids_are_alike_whoever_makes_them() -> None:
    made: list[str] = []
    generators = [IdGenerator() for _ in range(4)]

    def make(new: Any) -> None:
        made.extend(new() for _ in range(2000))

    threads = [
        threading.Thread(target=make, args=(generator,))
        for generator in generators
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_a_fork_makes_ids_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    new = IdGenerator()
    before = new()[8:16]
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert new()[8:16] != before


def test_a_uuid_has_twenty_two_characters() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", random_uuid())
