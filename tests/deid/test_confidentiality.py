import csv
from collections import Counter
from importlib import resources

import pytest
from pydicom.datadict import tag_for_keyword

from cinemyo.deid import allowed
from cinemyo.deid.confidentiality import OPTIONS, listed, rule_of, rules

COPIED = allowed.NUMBERS.union(allowed.CODES, allowed.TEXTS, allowed.POINTERS, allowed.SEQUENCES)


def test_table_has_the_rows_of_its_edition() -> None:
    counts = Counter(rule.basic for rule in rules())
    assert counts == {
        **{"X": 416, "D": 93, "U": 55, "Z": 42, "X/D": 23, "X/Z": 11},
        **{"X/Z/D": 8, "Z/D": 6, "X/Z/U*": 2},
    }


def test_tags_are_unique() -> None:
    assert len({rule.tag for rule in rules()}) == len(rules()) == 656


def test_options_are_letters_of_the_standard() -> None:
    found = {(name, letter) for rule in rules() for name, letter in rule.options.items()}
    assert {name for name, _ in found} == set(OPTIONS)
    assert {letter for _, letter in found} == set("KCX")


def test_rows_without_a_source_of_their_options_have_none() -> None:
    with resources.files("cinemyo.deid").joinpath("ps3_15_table_e1_1.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert Counter(row["options_edition"] for row in rows) == {"2020": 432, "": 224}
    assert [row["tag"] for row in rows if not row["options_edition"] and any(row[name] for name in OPTIONS)] == []


def test_the_licences_of_both_sources_lie_beside_the_table() -> None:
    notices = resources.files("cinemyo.deid").joinpath("ps3_15_table_e1_1.LICENSES.txt").read_text(encoding="utf-8")
    assert all(holder in notices for holder in ("2020, Kitware Europe", "(c) 2017 Innolitics, LLC"))


@pytest.mark.parametrize(
    ("tag", "keyword", "basic"),
    [
        (0x00100010, "PatientName", "Z"),
        (0x00100040, "PatientSex", "Z"),
        (0x0008103E, "SeriesDescription", "X"),
        (0x60023000, "OverlayData", "X"),
        (0x50100030, "CurveData", "X"),
        (0x00191001, "", "X"),
    ],
)
def test_a_tag_has_its_row(tag: int, keyword: str, basic: str) -> None:
    rule = rule_of(tag)
    assert rule is not None
    assert (rule.keyword, rule.basic) == (keyword, basic)


def test_what_is_not_in_the_table_has_no_row() -> None:
    assert rule_of(0x00181060) is None


def test_keywords_are_those_of_the_dictionary_where_it_has_them() -> None:
    known = [rule for rule in rules() if rule.keyword and "X" not in rule.tag and tag_for_keyword(rule.keyword)]
    assert len(known) >= 613
    assert [rule.tag for rule in known if f"{tag_for_keyword(rule.keyword):08X}" != rule.tag] == []


def test_nothing_that_is_copied_is_in_the_table() -> None:
    assert COPIED & listed() == frozenset()


def test_uids_of_the_list_are_new_uids_in_the_table() -> None:
    tags = [tag_for_keyword(keyword) for keyword in allowed.KEYED_UIDS]
    assert {rule.basic for tag in tags if tag is not None and (rule := rule_of(tag))} == {"U"}


def test_what_is_kept_has_the_option_that_allows_it() -> None:
    kept = {rule.keyword: rule.options.get("patient") for rule in rules() if rule.keyword in allowed.KEPT}
    assert kept == dict.fromkeys(allowed.KEPT, "K")
