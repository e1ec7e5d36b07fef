import pytest

from cinemyo.deid.ages import age_years


@pytest.mark.parametrize(
    ("age", "years"), [("045Y", 45), ("089Y", 89), ("090Y", 90), ("101Y", 90), ("018M", 1), ("060W", 1), ("400D", 1)]
)
def test_age_in_whole_years_capped(age: str, years: int) -> None:
    assert age_years(age, birth="", study="") == years


def test_age_from_dates_counts_birthdays() -> None:
    assert age_years("", birth="19700615", study="20200614") == 49


def test_age_from_dates_of_the_old_form() -> None:
    assert age_years("", birth="1970.06.15", study="2020.06.15") == 50


@pytest.mark.parametrize(("birth", "study"), [("00000000", "20120000"), ("", "20200101"), ("20210101", "20200101")])
def test_impossible_dates_give_no_age(birth: str, study: str) -> None:
    assert age_years("old", birth=birth, study=study) is None
