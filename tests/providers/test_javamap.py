from __future__ import annotations

from flowplan.providers.javamap import map_order


def test_keys_come_in_the_order_of_a_java_map() -> None:
    # As a node gave them back.
    assert map_order(["b", "a", "z"]) == ["a", "b", "z"]
    assert map_order(["q", "f", "e"]) == ["q", "e", "f"]
    assert map_order(["type", "properties"]) == ["type", "properties"]
    assert map_order(["zeta", "alpha", "mid"]) == ["zeta", "alpha", "mid"]


def test_a_map_grows_with_its_keys() -> None:
    few = [chr(code) for code in range(0x60, 0x6C)]
    # "p" shares the bucket of "`" in a map of 16, and not in one of 32.
    assert map_order([*few[1:], "p"])[0] == "p"
    assert map_order([*few, "p"])[-1] == "p"


def test_characters_beyond_the_first_plane_count_as_two() -> None:
    assert sorted(map_order(["😀", "é", "a"])) == sorted(["a", "é", "😀"])
    assert map_order(["😀", "a"]) == ["a", "😀"]
