import pytest
from pydicom import DataElement, Dataset

from cinemyo.deid.decoding import quiet
from cinemyo.sources.dicom_values import integer, number, numbers, seconds, text


@pytest.mark.parametrize(
    ("time", "value"),
    [("083920.638055", 31160.638055), ("08:39:20", 31160.0), ("0839", 31140.0), ("", None), ("x", None)],
)
def test_seconds_since_midnight(time: str, value: float | None) -> None:
    assert seconds(time) == value


def test_absent_value_is_none() -> None:
    assert number(Dataset(), "EchoTime") is None
    assert text(Dataset(), "PatientID") == ""


def test_two_values_are_no_number() -> None:
    dataset = Dataset()
    dataset.EchoTime = [1, 2]
    assert number(dataset, "EchoTime") is None
    assert numbers(dataset, "EchoTime") == (1, 2)


def test_infinite_number_is_none() -> None:
    dataset = Dataset()
    dataset.NominalCardiacTriggerDelayTime = float("inf")
    assert integer(dataset, "NominalCardiacTriggerDelayTime") is None


def test_text_in_place_of_a_number_is_none() -> None:
    dataset = Dataset()
    with quiet():
        dataset.add(DataElement(0x00180081, "LO", "long"))
    assert number(dataset, "EchoTime") is None


def test_padding_with_a_null_is_no_part_of_a_number() -> None:
    dataset = Dataset()
    with quiet():
        dataset.add(DataElement(0x00281052, "LO", "-10\0"))
    assert number(dataset, "RescaleIntercept") == -10
