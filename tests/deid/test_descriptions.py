import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinemyo.deid.descriptions import model, series_code, vendor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cine_tfi2d1_14_SAX stack", "CINE_SSFP_SA"),
        ("Smith John 4CH FIESTA", "CINE_SSFP_4CH"),
        ("localizer", "SCOUT"),
        ("Dr. Smith's favourite", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_only_known_words_survive(text: str, code: str) -> None:
    assert series_code(text) == code


@given(st.text())
def test_code_is_made_of_known_words(text: str) -> None:
    known = "SCOUT LGE PERFUSION FLOW MAP TAGGING CINE SSFP GRE SA 4CH 3CH 2CH UNKNOWN"
    assert set(series_code(text).split("_")) <= set(known.split())


@pytest.mark.parametrize(
    ("text", "name"), [("GE MEDICAL SYSTEMS", "GE"), ("Siemens Healthineers", "SIEMENS"), ("Dr. Gerber", "UNKNOWN")]
)
def test_maker_is_one_of_a_list(text: str, name: str) -> None:
    assert vendor(text) == name


@pytest.mark.parametrize(
    ("text", "name"), [("Avanto", "AVANTO"), ("MAGNETOM Sola 1.5T", "MAGNETOM SOLA 1.5T"), ("Dr. Gerber 3T", "UNKNOWN")]
)
def test_model_is_made_of_known_words(text: str, name: str) -> None:
    assert model(text) == name
