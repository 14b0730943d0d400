"""`json`, loaded by the first call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from flowplan import lazy_json


def test_it_writes_and_reads_what_json_does() -> None:
    assert lazy_json.dumps({"a": "é"}, ensure_ascii=False) == '{"a": "é"}'
    assert lazy_json.loads("[1, 2.0]") == [1, 2.0]
    with pytest.raises(ValueError, match="Expecting value"):
        lazy_json.loads("nothing")


def test_it_is_not_loaded_before() -> None:
    code = (
        "import sys; from flowplan import lazy_json; before = 'json' in sys.modules;"
        " lazy_json.dumps(1); print(before, 'json' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"True"]
