"""What DVC would run again is planned, with all that reads it."""

from cinemyo.audit.pipeline import Stage
from cinemyo.planning.done import reached


def stage(name: str, *, reads: str, writes: str) -> Stage:
    return Stage(name, inputs={reads: "1"}, code={}, params={}, outs={writes: "2"}, context="")


CHAIN = [
    stage("ingest", reads="data/source", writes="data/a/ingested"),
    stage("prepare", reads="data/a/ingested", writes="data/a/prepared"),
    stage("train", reads="data/a/prepared/coarse", writes="data/a/models/dual"),
    stage("report", reads="data/a/models", writes="reports/report.html"),
    stage("split", reads="data/a/cines.csv", writes="data/a/folds.csv"),
]


def test_nothing_changed_runs_nothing() -> None:
    assert reached(CHAIN, changed=[]) == frozenset()


def test_a_changed_stage_runs_with_all_that_read_it() -> None:
    assert reached(CHAIN, changed=["prepare"]) == {"prepare", "train", "report"}


def test_what_reads_something_else_is_left() -> None:
    assert "split" not in reached(CHAIN, changed=["ingest"])
