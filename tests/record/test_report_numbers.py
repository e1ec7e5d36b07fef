"""How numbers are printed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.record.report.numbers import (
    NONE,
    column_digits,
    is_number,
    is_p,
    p_value,
    printed,
    share,
    with_interval,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.0259, "0.026"), (0.2794, "0.28"), (1.0, "1.00")],
)
def test_p_values_keep_two_digits(value: float, shown: str) -> None:
    assert p_value(value) == shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("0.12345", "0.123"),
        ("1.883549", "1.88"),
        ("51.46", "51.5"),
        ("338.2", "338"),
        ("217", "217"),
        ("-0.104", "−0.104"),
        ("-0.0001", "0.000"),
        ("160 px", "160 px"),
        ("True", "yes"),
        ("inf", "no bound"),
        ("", NONE),
    ],
)
def test_numbers_have_digits_that_count(cell: str, shown: str) -> None:
    assert printed(cell, digits=None).replace("−0.000", "0.000") == shown


def test_a_share_has_three_digits() -> None:
    assert (share(1.0), share(None)) == ("1.000", NONE)


def test_an_interval_stands_beside_its_figure() -> None:
    assert with_interval("0.917", low="0.865", high="0.969") == "0.917 (0.865 to 0.969)"


def test_a_figure_without_an_end_stands_alone() -> None:
    assert with_interval("0.917", low=NONE, high="0.969") == "0.917"


@pytest.mark.parametrize(
    ("cells", "digits"),
    [(["1", "2"], 0), (["0.5", "1.0", ""], 3), (["96.0", "217.0"], 0), (["0.5", "51.5"], None), (["a"], None)],
)
def test_a_column_has_one_form(cells: list[str], digits: int | None) -> None:
    assert column_digits(cells) == digits


@pytest.mark.parametrize("name", ["p", "p_patients", "p_holm", "p_folds_holm"])
def test_p_columns_are_known(name: str) -> None:
    assert is_p(name)


@pytest.mark.parametrize("name", ["p_hcm", "ppv", "n_patients", "patients_needed", "top", "p_four_chamber"])
def test_other_columns_are_no_p(name: str) -> None:
    assert not is_p(name)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.floats(min_value=-1e6, max_value=1e6))
def test_what_is_printed_is_near_what_was_given(value: float) -> None:
    shown = float(printed(repr(value), digits=None).replace("−", "-"))
    assert abs(shown - value) <= max(0.0005, 0.006 * abs(value))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_of_a_csv_is_known_as_one(value: float) -> None:
    assert is_number(repr(value))
