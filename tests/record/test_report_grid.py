"""Result tables as they are printed."""

import io

import pandas as pd

from cinemyo.record.report.grid import Grid, footnotes, grid_of, plain


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid.rows]


def as_text(**columns: list[object]) -> pd.DataFrame:
    """Cells as `tables.read_text` gives them."""
    csv = pd.DataFrame(columns).to_csv(index=False)
    return pd.read_csv(io.StringIO(csv), dtype="str", keep_default_na=False, na_values=[""])


def test_an_interval_is_merged_into_its_figure() -> None:
    grid = grid_of(as_text(arm=["dual"], accuracy=[0.9167], accuracy_low=[0.8646], accuracy_high=[0.9688]))
    assert grid.header == ("Arm", "Accuracy")
    assert texts(grid) == [["dual", "0.917 (0.865 to 0.969)"]]


def test_low_and_high_belong_to_the_column_before_them() -> None:
    grid = grid_of(as_text(arm=["dual"], gap=[0.0876], low=[-0.01], high=[0.139]))
    assert texts(grid)[0][1] == "0.088 (−0.010 to 0.139)"


def test_mean_and_deviation_are_one_cell() -> None:
    grid = grid_of(as_text(arm=["dual"], loss_mean=[0.3395], loss_sd=[0.1726]))
    assert (grid.header[1], texts(grid)[0][1]) == ("Loss (nats), mean ± SD over folds", "0.340 ± 0.173")


def test_mean_deviation_and_interval_are_one_cell() -> None:
    frame = as_text(arm=["dual"], accuracy_mean=[0.8586], accuracy_sd=[0.0984], accuracy_low=[0.7797])
    grid = grid_of(frame.assign(accuracy_high="0.9154"))
    assert texts(grid)[0][1] == "0.859 ± 0.098 (0.780 to 0.915)"


def test_ends_without_a_figure_are_a_range() -> None:
    grid = grid_of(as_text(arm=["dual"], macro_f1_bca_low=[0.8], macro_f1_bca_high=[0.9]))
    assert (grid.header[1], texts(grid)[0][1]) == ("Macro F1, bootstrap (BCa)", "0.800 to 0.900")


def test_beside_a_count_and_its_share_the_interval_is_that_of_the_share() -> None:
    frame = as_text(arm=["dual"], outside=[19], outside_share=[0.016], outside_low=[0.01], outside_high=[0.025])
    assert texts(grid_of(frame)) == [["dual", "19", "0.016 (0.010 to 0.025)"]]


def test_lowest_and_highest_are_a_range() -> None:
    grid = grid_of(as_text(arm=["dual"], temperature_lowest=[0.3], temperature_highest=[0.9]))
    assert (grid.header[1], texts(grid)[0][1]) == ("Temperature, range over folds", "0.300 to 0.900")


def test_a_figure_whose_interval_is_missing_stands_alone() -> None:
    grid = grid_of(as_text(arm=["a", "b"], chance=[0.33, 0.34], chance_low=[0.2, None], chance_high=[0.4, None]))
    assert [row[1] for row in texts(grid)] == ["0.330 (0.200 to 0.400)", "0.340"]


def test_what_all_rows_say_is_said_once() -> None:
    grid = grid_of(as_text(arm=["a", "b"], n=[1, 2], standing=["synthetic; split by patient"] * 2))
    assert grid.caption == "synthetic; split by patient"
    assert grid.notes == ()


def test_what_sets_a_row_apart_is_a_footnote() -> None:
    standing = ["synthetic; split by patient", "synthetic; leaky: split by input"]
    grid = grid_of(as_text(arm=["a", "b"], n=[1, 2], standing=standing))
    assert grid.caption == "synthetic; split by patient unless marked"
    assert grid.notes == (("a", "leaky: split by input"),)
    assert [row[0].mark for row in grid.rows] == ["", "a"]


def test_a_leaky_row_is_marked() -> None:
    grid = grid_of(as_text(arm=["a", "b"], n=[1, 2], standing=["split by patient", "leaky: split by input"]))
    assert grid.leaky == {1}


def test_a_reason_is_a_footnote_and_the_cell_a_dash() -> None:
    grid = grid_of(as_text(arm=["a", "b"], auroc=[0.9, None], reason=[None, "no case of dcm"]))
    assert [row[1] for row in texts(grid)] == ["0.900", "–"]
    assert grid.notes == (("a", "no case of dcm"),)


def test_equal_remarks_share_a_letter() -> None:
    marks, notes = footnotes([("", "x"), ("y", "x"), ("", "")])
    assert (marks, notes) == (["a", "a, b", ""], (("a", "x"), ("b", "y")))


def test_letters_never_run_out() -> None:
    marks, _ = footnotes([(str(index),) for index in range(30)])
    assert (marks[25], marks[26]) == ("z", "aa")


def test_settings_that_never_vary_go_to_the_caption_of_a_wide_table() -> None:
    frame = as_text(**{name: [1, 2] for name in "abcdefg"}, folds=[6, 6])
    grid = grid_of(frame)
    assert "Folds" not in grid.header
    assert grid.caption == "in all rows with figures: Folds = 6"


def test_a_narrow_table_keeps_them() -> None:
    assert "Folds" in grid_of(as_text(arm=["a", "b"], folds=[6, 6])).header


def test_a_figure_that_never_varies_stays_a_column() -> None:
    frame = as_text(**{name: [1, 2] for name in "abcdefg"}, accuracy=[0.5, 0.5])
    assert "Accuracy" in grid_of(frame).header


def test_classes_are_named_as_in_figures() -> None:
    grid = grid_of(as_text(truth=["hcm", "vla_left"], disease=["hcm or dcm", "dcm"]))
    assert texts(grid) == [["HCM", "HCM or DCM"], ["VLA, apex left", "DCM"]]


def test_a_repeated_name_is_printed_softly() -> None:
    grid = grid_of(as_text(arm=["dual", "dual", "systole"], n=[1, 2, 3]))
    assert [row[0].kind for row in grid.rows] == ["text", "same", "text"]


def test_an_empty_column_is_left_out() -> None:
    assert grid_of(as_text(arm=["dual"], empty=[None], n=[1])).header == ("Arm", "n")


def test_a_sentence_may_wrap() -> None:
    (row,) = plain(("Why",), [["a sentence that is longer than a column"]]).rows
    assert row[0].kind == "long"
