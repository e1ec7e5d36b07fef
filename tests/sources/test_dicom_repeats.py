from collections.abc import Callable
from pathlib import Path

from pydicom import Dataset

from cinemyo.deid.keys import load_key
from cinemyo.sources.dicom_headers import Header, read_headers
from cinemyo.sources.dicom_repeats import acquisitions, expected_phases
from tests.sources.dicom_files import write_cine

Edit = Callable[[Dataset, int], None]


def _headers(folder: Path, *edits: Edit, series: bool = False) -> list[Header]:
    headers: list[Header] = []
    for index, edit in enumerate(edits):
        paths = write_cine(folder / str(index), series=index if series else 1, seed=index, edit=edit)
        found = [header for path in paths for header in read_headers(path, name=str(path), key=load_key("published"))]
        headers += [header for header in found if isinstance(header, Header)]
    return headers


def _shifted(by: int, *, ms: float = 0.0, clock: str = "101730", interleaved: bool = False) -> Edit:
    def edit(image: Dataset, phase: int) -> None:
        image.InstanceNumber = 2 * phase + by if interleaved else phase + by
        image.TriggerTime = float(image.TriggerTime) + ms
        image.AcquisitionTime = clock

    return edit


def _uncounted(edit: Edit) -> Edit:
    def without(image: Dataset, phase: int) -> None:
        edit(image, phase)
        del image.CardiacNumberOfImages

    return without


def _sizes(headers: list[Header], *, expected: int | None) -> list[tuple[int, int]]:
    return [
        (len(part), len({header.identity.instance.split(".")[-2] for header in part}))
        for part in acquisitions(headers, expected=expected)
    ]


def test_most_images_state_what_is_expected(tmp_path: Path) -> None:
    def odd(image: Dataset, phase: int) -> None:
        image.CardiacNumberOfImages = 25 if phase == 0 else 10

    assert expected_phases(_headers(tmp_path, odd)) == 10


def test_one_acquisition_stays_whole(tmp_path: Path) -> None:
    assert _sizes(_headers(tmp_path, _shifted(1)), expected=10) == [(10, 1)]


def test_repeat_with_equal_times_in_one_series_is_parted(tmp_path: Path) -> None:
    assert _sizes(_headers(tmp_path, _shifted(1), _shifted(11)), expected=None) == [(10, 1), (10, 1)]


def test_interleaved_repeat_with_equal_times_is_parted(tmp_path: Path) -> None:
    edits = (_shifted(1, interleaved=True), _shifted(2, interleaved=True))
    assert _sizes(_headers(tmp_path, *edits), expected=10) == [(10, 1), (10, 1)]


def test_repeat_with_other_times_is_parted_where_they_start_again(tmp_path: Path) -> None:
    assert _sizes(_headers(tmp_path, _shifted(1), _shifted(11, ms=3)), expected=10) == [(10, 1), (10, 1)]


def test_interleaved_repeat_is_parted_by_its_clock(tmp_path: Path) -> None:
    edits = (_shifted(1, interleaved=True), _shifted(2, interleaved=True, ms=3, clock="101800"))
    assert _sizes(_headers(tmp_path, *edits), expected=10) == [(10, 1), (10, 1)]


def test_repeat_without_times_is_cut_by_instance_number(tmp_path: Path) -> None:
    def timeless(edit: Edit) -> Edit:
        def without(image: Dataset, phase: int) -> None:
            edit(image, phase)
            del image.TriggerTime

        return without

    edits = (timeless(_shifted(1)), timeless(_shifted(11)))
    assert _sizes(_headers(tmp_path, *edits), expected=10) == [(10, 1), (10, 1)]
    assert _sizes(_headers(tmp_path, *edits), expected=None) == [(20, 2)]


def test_numbering_that_starts_in_systole_is_no_repeat(tmp_path: Path) -> None:
    def wrapped(image: Dataset, phase: int) -> None:
        image.InstanceNumber = (phase + 5) % 10
        del image.CardiacNumberOfImages

    assert _sizes(_headers(tmp_path, wrapped), expected=None) == [(10, 1)]


def test_series_that_overlap_in_time_are_repeats(tmp_path: Path) -> None:
    edits = (_uncounted(_shifted(1)), _uncounted(_shifted(1)))
    assert _sizes(_headers(tmp_path, *edits, series=True), expected=None) == [(10, 1), (10, 1)]


def test_series_that_follow_in_time_are_one(tmp_path: Path) -> None:
    edits = (_uncounted(_shifted(1)), _uncounted(_shifted(11, ms=900)))
    assert _sizes(_headers(tmp_path, *edits, series=True), expected=None) == [(20, 2)]


def test_latest_acquisition_comes_last(tmp_path: Path) -> None:
    headers = _headers(tmp_path, _shifted(1, clock="120000"), _shifted(1, clock="110000"), series=True)
    assert [part[0].timing.acquired[1] for part in acquisitions(headers, expected=10)] == ["110000", "120000"]


def test_series_without_any_number_are_kept_apart(tmp_path: Path) -> None:
    def bare(image: Dataset, phase: int) -> None:
        del image.CardiacNumberOfImages, image.TriggerTime, image.InstanceNumber

    assert _sizes(_headers(tmp_path, bare, bare, series=True), expected=None) == [(10, 1), (10, 1)]
