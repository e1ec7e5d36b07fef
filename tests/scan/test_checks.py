"""Check digits, by published examples."""

import pytest

from cinemyo.scan.checks import is_iban, is_nir


@pytest.mark.parametrize("number", ["184127645108946", "1 84 12 76 451 089 46", "269054958815780"])
def test_a_nir_with_its_key(number: str) -> None:
    assert is_nir(number)


def test_a_nir_of_corsica() -> None:
    digits = 1840719123456
    assert is_nir(f"184072A123456{97 - digits % 97:02d}")


@pytest.mark.parametrize("number", ["184127645108947", "384127645108946", "184137645108946", "18412764510894", "x"])
def test_no_nir(number: str) -> None:
    assert not is_nir(number)


@pytest.mark.parametrize(
    "number", ["FR14 2004 1010 0505 0001 3M02 606", "DE89370400440532013000", "GB82WEST12345698765432"]
)
def test_an_iban(number: str) -> None:
    assert is_iban(number)


@pytest.mark.parametrize(
    "number", ["FR14 2004 1010 0505 0001 3M02 607", "DE8937040044053201300", "XX89370400440532013000"]
)
def test_no_iban(number: str) -> None:
    assert not is_iban(number)
