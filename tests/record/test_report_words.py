"""Column names in words."""

import pytest

from cinemyo.record.report.words import told, words


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("n_patients", "Patients, n"),
        ("p_holm", "p, Holm"),
        ("an_unknown_name", "An unknown name"),
        ("heat_distance_mm", "Heat distance, mm"),
        ("hcm_rate", "HCM rate"),
        ("lv_hit", "LV hit"),
    ],
)
def test_a_column_is_said_in_words(column: str, said: str) -> None:
    assert words(column) == said


def test_a_note_names_columns_in_words() -> None:
    assert told("p_holm adjusts.", columns=["p_holm"], titles={}) == "“p, Holm” adjusts."


def test_a_note_that_explains_a_column_names_it_in_words() -> None:
    assert told("nll: the loss.", columns=["nll"], titles={}) == "“NLL (nats)”: the loss."


def test_a_common_word_stays_a_word() -> None:
    assert told("a difference of n patients", columns=["difference", "n"], titles={}) == "a difference of n patients"


def test_a_note_names_another_table_by_its_title() -> None:
    assert told("table_2_tests has all.", columns=[], titles={"table_2_tests": "Tests"}) == "“Tests” has all."
