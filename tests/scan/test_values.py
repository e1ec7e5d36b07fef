"""What counts as a known value, and what is too short to be one."""

from pathlib import Path

import pytest

from cinemyo.errors import ScanError
from cinemyo.scan.values import Value, date_of, numbered, read_values, value_of


def written(path: Path, text: str, *, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [("QUIMBY^JANE", "name"), ("Quimby, Jane", "name"), ("1948-03-21", "date"), ("21.03.1948", "date"),
     ("1.2.3.4.5.6", "uid"), ("A123456", "id"), ("12 High Street", "text"), ("Nowhere", "text")],
)  # fmt: skip
def test_a_value_is_of_the_kind_that_it_looks_like(text: str, kind: str) -> None:
    assert value_of(text).kind == kind


def test_a_name_is_searched_by_its_parts_too() -> None:
    wanted, short = numbered([value_of("QUIMBY^JANE^X")])
    assert {value.text for value in wanted} == {"QUIMBY^JANE^X", "QUIMBY", "JANE"}
    assert short == 1


@pytest.mark.parametrize("text", ["1234", "AB", "M", "unknown", ""])
def test_what_stands_everywhere_is_not_searched(text: str) -> None:
    assert numbered([value_of(text)])[0] == []


def test_numbers_do_not_depend_on_the_order_of_reading() -> None:
    values = [value_of(text) for text in ("QUIMBY^JANE", "48213377", "19480321")]
    assert numbered(values) == numbered(reversed(values))


def test_a_value_is_never_shown() -> None:
    assert "QUIMBY" not in repr(Value("name", "QUIMBY^JANE"))


@pytest.mark.parametrize("text", ["19480321", "1948-03-21", "1948/03/21", "21/03/1948", "21.03.1948"])
def test_a_whole_date_is_read_in_five_ways(text: str) -> None:
    assert date_of(text) == ("1948", "03", "21")


def test_no_date_has_a_thirteenth_month() -> None:
    assert date_of("19481321") is None


def test_a_table_gives_names_by_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "k.csv", "PatientName,PatientID\nQuimby Jane,48213377\n,\n")
    assert read_values(path) == [Value("name", "Quimby Jane"), Value("id", "48213377")]


def test_json_gives_the_texts_at_any_depth(tmp_path: Path) -> None:
    path = written(tmp_path / "k.json", '{"people": [{"name": "Jane Quimby", "number": 48213377, "none": null}]}')
    assert read_values(path) == [Value("name", "Jane Quimby"), Value("id", "48213377")]


def test_lines_are_values(tmp_path: Path) -> None:
    path = written(tmp_path / "k.txt", "# people\nQUIMBY^JANE\n\n48213377\n")
    assert read_values(path) == [Value("name", "QUIMBY^JANE"), Value("id", "48213377")]


def test_a_list_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="expected mode 0600, got 0644"):
        read_values(written(tmp_path / "k.txt", "QUIMBY^JANE\n", mode=0o644))


def test_a_broken_list_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    with pytest.raises(ScanError) as refused:
        read_values(written(tmp_path / "k.json", '{"QUIMBY'))
    assert "QUIMBY" not in str(refused.value)


def test_an_absent_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="No such file"):
        read_values(tmp_path / "none.csv")
