from io import BytesIO

import pytest
from pydicom.encaps import encapsulate

from cinemyo.sources.dicom_fragments import frame_spans, join

STREAMS = [bytes([index]) * (20 + 2 * index) + b"\xff\xd9" for index in range(4)]


END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def _frames(value: bytes, frames: int, *, end: bytes = END) -> list[bytes]:
    stream = BytesIO(b"head" + value + end)
    return [join(stream, spans) for spans in frame_spans(stream, 4, frames=frames)]


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", ["table", "no table"])
def test_frames_are_found_by_number_by_table_and_by_their_ends(fragments: int, table: str) -> None:
    value = encapsulate(STREAMS, fragments_per_frame=fragments, has_bot=table == "table")
    assert [frame.rstrip(b"\0") for frame in _frames(value, 4)] == STREAMS


def test_all_fragments_are_one_frame_where_there_is_one() -> None:
    assert _frames(encapsulate(STREAMS, has_bot=False), 1) == [b"".join(STREAMS)]


@pytest.mark.parametrize(
    ("value", "frames"),
    [
        (b"", 1),
        (encapsulate(STREAMS[:1])[:12], 1),
        (encapsulate(STREAMS, has_bot=False)[:60], 4),
        (encapsulate(STREAMS, has_bot=False), 3),
        (encapsulate(STREAMS, fragments_per_frame=2).replace(b"\x00\x00\x00\x00", b"\x07\x00\x00\x00", 1), 4),
    ],
    ids=["nothing", "a table alone", "a fragment beyond the file", "another number", "a table that lies"],
)
def test_fragments_that_fit_no_frames_are_refused(value: bytes, frames: int) -> None:
    with pytest.raises(ValueError, match="fragment"):
        _frames(value, frames)


@pytest.mark.parametrize("end", [b"", b"\xfe\xff", b"noise and more"])
def test_fragments_without_an_end_are_refused(end: bytes) -> None:
    with pytest.raises(ValueError, match="without an end"):
        _frames(encapsulate(STREAMS, has_bot=False), 4, end=end)
