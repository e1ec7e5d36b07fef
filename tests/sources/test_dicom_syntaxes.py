import pytest

from cinemyo.sources.dicom_syntaxes import COMPRESSED, PLAIN, is_lossy, name_of


@pytest.mark.parametrize(
    ("syntax", "stated", "lossy"),
    [
        ("1.2.840.10008.1.2.1", None, None),
        ("1.2.840.10008.1.2.1", True, True),
        ("1.2.840.10008.1.2.4.50", None, True),
        ("1.2.840.10008.1.2.4.50", False, True),
        ("1.2.840.10008.1.2.4.91", None, True),
        ("1.2.840.10008.1.2.4.91", False, False),
        ("1.2.840.10008.1.2.4.90", None, None),
        ("1.2.840.10008.1.2.4.203", None, True),
    ],
)
def test_loss_is_told_by_the_syntax_and_by_the_header(syntax: str, stated: object, lossy: object) -> None:
    assert is_lossy(syntax, None if stated is None else bool(stated)) is lossy


def test_names_are_those_of_the_standard() -> None:
    assert name_of("1.2.840.10008.1.2.5") == "RLE Lossless"
    assert name_of("1.2.840.10008.1.2") == "Implicit VR Little Endian"


def test_no_syntax_is_plain_and_compressed() -> None:
    assert not PLAIN.keys() & set(COMPRESSED.values())
