"""The order of jobs."""

from pathlib import Path

import pandas as pd

from cinemyo.sweeping.ranking import job_folders, ranking
from tests.sweeping.made_up import write


def ranked(folder: Path) -> pd.DataFrame:
    return ranking(job_folders(folder, basis="b"))


def test_the_most_accurate_comes_first(tmp_path: Path) -> None:
    for key, accuracy in (("a", 0.5), ("b", 0.7), ("c", 0.6)):
        write(tmp_path, key, accuracy=accuracy)
    assert ranked(tmp_path)["key"].tolist() == ["b", "c", "a"]
    assert ranked(tmp_path)["rank"].tolist() == [1, 2, 3]


def test_of_equal_accuracies_the_lower_loss_and_then_the_lower_cost_comes_first(tmp_path: Path) -> None:
    write(tmp_path, "a", accuracy=0.5, validation_loss=1.0, gflop=2.0)
    write(tmp_path, "b", accuracy=0.5, validation_loss=1.0, gflop=1.0)
    write(tmp_path, "c", accuracy=0.5, validation_loss=0.9, gflop=3.0)
    assert ranked(tmp_path)["key"].tolist() == ["c", "b", "a"]


def test_targets_are_ranked_apart(tmp_path: Path) -> None:
    write(tmp_path, "a", accuracy=0.5)
    write(tmp_path, "b", accuracy=0.9, target="view")
    assert ranked(tmp_path)["rank"].tolist() == [1, 1]


def test_a_failed_job_stands_last_without_a_rank_and_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "a", accuracy=None)
    write(tmp_path, "b", accuracy=0.1)
    table = ranked(tmp_path)
    assert table["key"].tolist() == ["b", "a"]
    assert pd.isna(table["rank"][1])
    assert table["reason"][1] == "RuntimeError: a <b>bold</b> fault"


def test_a_control_has_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "a", accuracy=0.9, labels="permuted")
    write(tmp_path, "b", accuracy=0.5)
    table = ranked(tmp_path)
    assert table["key"].tolist() == ["b", "a"]
    assert table["rank"].isna().tolist() == [False, True]


def test_a_job_of_other_tables_or_code_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a", accuracy=0.9, basis="older")
    write(tmp_path, "b", accuracy=0.5)
    assert ranked(tmp_path)["key"].tolist() == ["b"]


def test_a_job_that_is_under_way_is_left_out(tmp_path: Path) -> None:
    (write(tmp_path, "a", accuracy=0.9) / "metrics.json").unlink()
    assert ranked(tmp_path).empty
