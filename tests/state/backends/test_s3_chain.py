from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flowplan.errors import StateError
from flowplan.state.backends.s3_chain import AT_ONCE, Chain, Gap, Segment, walk


def read(segments):
    return walk(list(segments), lambda wanted: {number: segments[number] for number in wanted})


def chain(*segments):
    return dict(enumerate(segments, start=1))


def add(text):
    return Segment("append", "L", text)


SEAL, MARK, BEGIN = Segment("seal", "L"), Segment("mark", "L"), Segment("begin", "L", b"h\n")
SAVE = Segment("save", "L", b"doc", serial=3, after='"e"')


def test_no_segments_are_an_empty_chain():
    assert read({}) == Chain()


def test_a_journal_is_what_was_added_since_its_begin():
    found = read(chain(SEAL, add(b"old\n"), BEGIN, add(b"1\n"), add(b"2\n")))
    assert (found.last, found.stop, found.journal) == (5, 3, b"h\n1\n2\n")


def test_seals_interrupt_no_journal():
    assert read(chain(BEGIN, SEAL, SEAL, add(b"1\n"))).journal == b"h\n1\n"


@pytest.mark.parametrize("end", [MARK, SAVE])
def test_nothing_before_a_save_or_mark_counts(end):
    found = read(chain(BEGIN, add(b"1\n"), end, SEAL))
    assert (found.journal, found.stop, found.last) == (b"", 3, 4)


def test_a_save_that_nobody_marked_is_told():
    assert read(chain(BEGIN, SAVE)).saved == SAVE
    assert read(chain(BEGIN, SAVE, MARK)).saved is None


def test_a_merge_stands_for_those_before_it():
    merged = Segment("merge", "L", b"1\n2\n", first=2)
    whole = chain(BEGIN, add(b"1\n"), add(b"2\n"), merged, add(b"3\n"))
    without = {number: item for number, item in whole.items() if number not in (2, 3)}
    assert read(whole).journal == read(without).journal == b"h\n1\n2\n3\n"


def test_what_may_be_deleted_later_has_no_seal_in_it():
    assert read(chain(SEAL, BEGIN, SEAL, add(b"1\n"))).spent == (4, 2)


@pytest.mark.parametrize("missing", [2, 3])
def test_a_missing_segment_is_a_gap(missing):
    segments = chain(BEGIN, add(b"1\n"), add(b"2\n"), add(b"3\n"))
    del segments[missing]
    with pytest.raises(Gap):
        read(segments)


def test_a_segment_that_went_between_list_and_get_is_a_gap():
    with pytest.raises(Gap):
        walk([1, 2], lambda wanted: {2: add(b"1\n")})


def test_no_more_is_fetched_than_counts():
    segments = {number: add(b"x\n") for number in range(1, 3 * AT_ONCE)}
    segments[3 * AT_ONCE] = MARK
    asked = []

    def fetch(wanted):
        asked.extend(wanted)
        return {number: segments[number] for number in wanted}

    walk(list(segments), fetch)
    assert len(asked) == AT_ONCE


texts = some.binary(max_size=40)


@given(
    some.builds(
        Segment,
        some.sampled_from(["seal", "begin", "append", "mark"]),
        some.text(max_size=20),
        texts,
    )
    | some.builds(
        Segment,
        some.just("save"),
        some.text(max_size=20),
        texts,
        serial=some.integers(0, 2**40),
        after=some.text(max_size=20),
    )
    | some.builds(
        Segment,
        some.just("merge"),
        some.text(max_size=20),
        texts,
        first=some.integers(1, 2**40),
    )
)
def test_a_segment_is_read_as_it_was_written(segment):
    assert Segment.decode(segment.encode(), "s") == segment


@pytest.mark.parametrize(
    "body", [b"", b"?", b"[]\n", b"{}\n", b'{"kind": "other", "lock": "L"}\n', b"\xff\n"]
)
def test_what_is_no_segment_is_named(body):
    with pytest.raises(StateError) as caught:
        Segment.decode(body, "k.journal/0000000007")
    assert caught.value.diagnostics[0].code == "FP411"
    assert "k.journal/0000000007" in caught.value.diagnostics[0].summary
