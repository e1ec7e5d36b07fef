"""Answered sheets are joined back, or refused with their rows."""

from pathlib import Path

import pandas as pd
import pytest

from cinemyo import schema
from cinemyo.errors import TableError
from cinemyo.record.reading_answers import Collected, answers_of, collect, readings_of
from cinemyo.record.reading_set import key_of
from cinemyo.sheets import READERS, READING_KEY

CINES = ["c-" + letter * 16 for letter in "ab"]
KEY = key_of([(CINES[0], 1), (CINES[1], 1), (CINES[0], 2)], origins={})
ITEMS = set(KEY["item"])
HEAD = "item,pathology,confidence\n"
ALL = HEAD + "item_0001,hcm,0.8\nitem_0002,normal,\nitem_0003,HCM,1\n"


def answered(text: str, name: str = "a.csv") -> pd.DataFrame:
    return answers_of([(name, text.encode())], items=ITEMS)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    schema.write(KEY, table=READING_KEY, path=tmp_path / "key.csv")
    (tmp_path / "a.csv").write_text(ALL, encoding="utf-8")
    return tmp_path


def join(base: Path, *, reader: str = "reader_1", first: int = 1, study: str = "readers.csv") -> Collected:
    return collect(
        base / "key.csv",
        sheets=[base / "a.csv"],
        reader=reader,
        out=base / "readers.csv",
        study=base / study,
        first=first,
    )


def sheet(base: Path) -> pd.DataFrame:
    return schema.read(base / "readers.csv", table=READERS)


def test_answers_are_joined_to_their_cines() -> None:
    found = readings_of(answered(ALL), key=KEY, reader="reader_1")
    assert found[["cine_id", "reading", "pathology"]].to_numpy().tolist() == [
        [CINES[0], 1, "hcm"],
        [CINES[0], 2, "hcm"],
        [CINES[1], 1, "normal"],
    ]


def test_a_later_set_counts_on() -> None:
    found = readings_of(answered(ALL), key=KEY, reader="reader_1", first=3)
    assert found["reading"].tolist() == [3, 4, 3]


def test_confidence_may_be_left_out() -> None:
    assert answered(ALL)["confidence"].isna().tolist() == [False, True, False]


def test_items_without_an_answer_are_left_out() -> None:
    assert answered(HEAD + "item_0001,,\nitem_0002,dcm,\n")["item"].tolist() == ["item_0002"]


def test_a_sheet_with_semicolons_has_decimal_commas() -> None:
    found = answered("item;pathology;confidence\nitem_0001;hcm;0,75\n")
    assert found["confidence"].tolist() == [0.75]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(answered("\ufeff" + ALL)) == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("item_0009,hcm,", "row 2: item 'item_0009' is not in the key"),
        ("item_0001,amyloid,", "row 2: item_0001: class 'amyloid'"),
        ("item_0001,hcm,1.2", "row 2: item_0001: confidence '1.2'"),
        ("item_0001,hcm,sure", "confidence 'sure'"),
        ("item_0001,hcm,nan", "confidence 'nan'"),
        ("item_0001,,0.5", "confidence without a class"),
        ("item_0001,hcm,0,8", "more than three cells"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_number(line: str, told: str) -> None:
    with pytest.raises(TableError, match=told):
        answered(HEAD + line + "\n")


def test_an_item_twice_is_refused_with_both_rows() -> None:
    with pytest.raises(TableError, match=r"row 3: item_0001 again, after row 2 of a\.csv"):
        answered(HEAD + "item_0001,hcm,\nitem_0001,hcm,\n")


def test_an_item_in_two_sheets_is_refused() -> None:
    with pytest.raises(TableError, match=r"again, after row 2 of a\.csv"):
        answers_of([(name, (HEAD + "item_0001,hcm,\n").encode()) for name in ("a.csv", "b.csv")], items=ITEMS)


def test_the_first_five_faults_are_told_and_all_counted() -> None:
    lines = "".join(f"item_01{number:02d},hcm,\n" for number in range(8))
    with pytest.raises(TableError, match="and 3 more"):
        answered(HEAD + lines)


@pytest.mark.parametrize("text", ["", "item,class\n", "Item_0001,hcm,\n"])
def test_another_header_is_refused(text: str) -> None:
    with pytest.raises(TableError, match="columns item, pathology, confidence"):
        answered(text)


def test_another_encoding_is_refused() -> None:
    with pytest.raises(TableError, match="UTF-8"):
        answers_of([("a.csv", b"\xff\xfeitem")], items=ITEMS)


def test_collecting_writes_the_readers_sheet(base: Path) -> None:
    assert join(base) == (3, 0, 3)
    assert sheet(base)["reader"].tolist() == ["reader_1"] * 3


def test_another_reader_is_added(base: Path) -> None:
    join(base)
    assert join(base, reader="reader_2").total == 6


def test_a_reading_that_is_there_already_is_refused(base: Path) -> None:
    join(base)
    with pytest.raises(TableError, match="reading 1 of"):
        join(base)
    assert len(sheet(base)) == 3


def test_a_later_set_of_the_same_reader_is_added(base: Path) -> None:
    join(base)
    assert join(base, first=3).total == 6


def test_a_name_is_no_role(base: Path) -> None:
    with pytest.raises(TableError, match="column reader"):
        join(base, reader="Dr Jane")
    assert not (base / "readers.csv").exists()


def test_a_review_of_label_errors_never_enters_the_sheet_of_the_study(base: Path) -> None:
    mixed = key_of([(CINES[0], 1), (CINES[1], 1), (CINES[0], 2)], origins={CINES[0]: "candidate", CINES[1]: "control"})
    schema.write(mixed, table=READING_KEY, path=base / "key.csv")
    with pytest.raises(TableError, match="a review of label errors"):
        join(base)
    assert join(base, study="other.csv").added == 3


def test_a_sheet_that_is_not_there_is_refused(base: Path) -> None:
    (base / "a.csv").unlink()
    with pytest.raises(TableError, match="an answered sheet"):
        join(base)
