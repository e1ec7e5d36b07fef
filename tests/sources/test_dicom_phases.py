from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset

from cinemyo.deid.keys import load_key
from cinemyo.sources.dicom_headers import Header, read_headers
from cinemyo.sources.dicom_phases import Ordered, order
from tests.sources.dicom_files import nothing, write_cine

KEY = load_key("published")


def _headers(folder: Path, edit: Callable[[Dataset, int], None], phases: int = 20) -> list[Header]:
    paths = write_cine(folder, phases=phases, edit=edit)
    headers = [header for path in reversed(paths) for header in read_headers(path, name=path.name, key=KEY)]
    return [header for header in headers if isinstance(header, Header)]


def _ordered(folder: Path, edit: Callable[[Dataset, int], None], phases: int = 20) -> Ordered:
    found = order(_headers(folder, edit, phases))
    assert isinstance(found, Ordered)
    return found


def _instances(ordered: Ordered) -> list[int | None]:
    return [header.timing.instance_number for header in ordered.headers]


def _no_times(image: Dataset) -> None:
    for keyword in ("TriggerTime", "NominalInterval", "AcquisitionTime"):
        del image[keyword]


def test_trigger_time_is_used_where_it_is_sane(tmp_path: Path) -> None:
    found = _ordered(tmp_path, nothing)
    assert (found.phase_key, found.rr_ms) == ("trigger_time", 900)
    assert _instances(found) == list(range(1, 21))


def test_nominal_delay_comes_first(tmp_path: Path) -> None:
    def backwards(image: Dataset, phase: int) -> None:
        image.NominalCardiacTriggerDelayTime = float(855 - 45 * phase)

    found = _ordered(tmp_path, backwards)
    assert found.phase_key == "nominal_delay"
    assert _instances(found) == list(range(20, 0, -1))


@pytest.mark.parametrize(
    "bogus",
    [
        lambda image, phase: setattr(image, "TriggerTime", 308000 + phase),
        lambda image, phase: setattr(image, "TriggerTime", 300),
        lambda image, phase: setattr(image, "TriggerTime", phase * 5),
        lambda image, phase: setattr(image, "TriggerTime", -100 + 40 * phase),
        lambda image, phase: setattr(image, "TriggerTime", None),
        lambda image, phase: setattr(image, "TriggerTime", (phase * 7 % 20) ** 2 * 2),
    ],
    ids=["far", "constant", "short", "negative", "empty", "neither even nor monotone"],
)
def test_bogus_trigger_time_is_passed_over(tmp_path: Path, bogus: Callable[[Dataset, int], None]) -> None:
    found = _ordered(tmp_path, bogus)
    assert (found.phase_key, found.trigger_ms) == ("instance_number", None)


def test_even_trigger_times_outweigh_renumbered_instances(tmp_path: Path) -> None:
    def renumbered(image: Dataset, phase: int) -> None:
        image.InstanceNumber = phase * 7 % 20

    found = _ordered(tmp_path, renumbered)
    assert found.phase_key == "trigger_time"
    assert _instances(found) == [phase * 7 % 20 for phase in range(20)]


def test_uneven_trigger_times_are_trusted_without_instance_numbers(tmp_path: Path) -> None:
    def uneven(image: Dataset, phase: int) -> None:
        image.TriggerTime = phase**2 * 2
        del image.InstanceNumber

    assert _ordered(tmp_path, uneven).phase_key == "trigger_time"


def test_heart_rate_gives_the_interval(tmp_path: Path) -> None:
    def rate(image: Dataset, phase: int) -> None:
        image.NominalInterval, image.HeartRate = 0, 60

    assert _ordered(tmp_path, rate).rr_ms == 1000


def test_impossible_heart_rate_is_not_used(tmp_path: Path) -> None:
    def rate(image: Dataset, phase: int) -> None:
        image.NominalInterval, image.HeartRate = None, 541

    assert _ordered(tmp_path, rate).rr_ms == pytest.approx(900)


def test_percent_of_cycle_gives_times_with_the_interval(tmp_path: Path) -> None:
    def percent(image: Dataset, phase: int) -> None:
        del image.TriggerTime
        image.NominalPercentageOfCardiacPhase = phase * 5.0

    found = _ordered(tmp_path, percent)
    assert found.phase_key == "percent_of_cycle"
    assert found.trigger_ms is not None
    assert found.trigger_ms[1] == pytest.approx(45)


def test_temporal_position_orders_frames(tmp_path: Path) -> None:
    def position(image: Dataset, phase: int) -> None:
        _no_times(image)
        image.TemporalPositionIdentifier = 20 - phase

    found = _ordered(tmp_path, position)
    assert (found.phase_key, found.rr_ms) == ("temporal_position", None)
    assert _instances(found) == list(range(20, 0, -1))


@pytest.mark.parametrize("keyword", ["AcquisitionTime", "ContentTime"])
def test_clock_orders_frames_of_one_beat(tmp_path: Path, keyword: str) -> None:
    def clock(image: Dataset, phase: int) -> None:
        _no_times(image)
        setattr(image, keyword, f"101500.{phase * 45:06d}")

    assert _ordered(tmp_path, clock).phase_key == {"AcquisitionTime": "acquisition_time"}.get(keyword, "content_time")


def test_frames_seconds_apart_are_a_time_series(tmp_path: Path) -> None:
    def slow(image: Dataset, phase: int) -> None:
        image.TriggerTime = 300
        image.AcquisitionTime, image.TemporalPositionIdentifier = f"1015{phase:02d}", phase + 1

    assert order(_headers(tmp_path, slow)) == "time_series"


def test_frames_over_several_beats_are_real_time(tmp_path: Path) -> None:
    def running(image: Dataset, phase: int) -> None:
        image.TriggerTime = 150 * phase

    assert order(_headers(tmp_path, running)) == "real_time"


def test_frames_without_any_order_are_refused(tmp_path: Path) -> None:
    def nowhere(image: Dataset, phase: int) -> None:
        _no_times(image)
        image.InstanceNumber = 1

    assert order(_headers(tmp_path, nowhere)) == "no_phase_order"
