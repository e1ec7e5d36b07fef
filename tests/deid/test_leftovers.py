import pytest

from cinemyo.deid.leftovers import left_over
from tests.sources.dicom_files import mr_image


def test_what_holds_nothing_of_the_original_passes() -> None:
    assert left_over(mr_image(patient="SC-4711-X"), b"CINE_SSFP_SA p-abcdefghijklmnop 2.25.12345 F 045Y") == []


@pytest.mark.parametrize(
    ("content", "keyword"),
    [(b"..DUPONT..", "PatientName"), (b"..sc-4711-x..", "PatientID"), (b"..1.2.3.1.1.10000.0.1..", "SOPInstanceUID")],
)
def test_a_value_of_the_original_is_named(content: bytes, keyword: str) -> None:
    image = mr_image(patient="SC-4711-X")
    image.PatientName = "Dupont^Jean"
    assert (
        left_over(image, content) == [keyword] if keyword != "SOPInstanceUID" else keyword in left_over(image, content)
    )


def test_short_numbers_and_words_of_the_vocabulary_are_no_find() -> None:
    image = mr_image(patient="4711")
    image.PatientName, image.InstitutionName = "Siemens", "None"
    assert left_over(image, b"4711 SIEMENS None") == []
