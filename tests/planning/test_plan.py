"""What does not fit is refused with the remedy; a plan as people and programs read it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo import config
from cinemyo.cli import app
from cinemyo.errors import ConfigError
from cinemyo.planning import plan as planning
from cinemyo.planning.cohort import Cohort
from cinemyo.planning.estimate import Estimate
from cinemyo.planning.plan import Plan, clock, faults, lines, plan, size
from tests.planning.test_estimate import COHORT, FIT, IMAGES, LIGHT, MACHINE
from tests.tiny_study import params_values

ROWS = [
    Estimate("ingest", 60.0, 1 << 30, 2 << 30),
    Estimate("train@dual", 7200.0, 4 << 30, 1 << 30),
    Estimate("evaluate", 0.0, 0, 0, skipped=True),
]
PIPELINE = "stages:\n  ingest:\n    cmd: a\n  train:\n    foreach: ${arms}\n    do:\n      cmd: b\n"


def made(rows: list[Estimate] = ROWS) -> Plan:
    return Plan(COHORT, MACHINE, rows, faults(rows, machine=MACHINE))


def test_totals_are_the_sum_of_time_and_disk_and_the_largest_memory() -> None:
    found = made()
    assert (found.seconds, found.memory, found.disk) == (7260.0, 4 << 30, 3 << 30)


def test_what_fits_has_no_fault() -> None:
    assert made().faults == []


def test_banks_follow_one_another_so_that_the_largest_alone_needs_room() -> None:
    rows = [Estimate(f"train@{name}", 1.0, 0, 1 << 30, passing=size << 30) for name, size in (("a", 4), ("b", 6))]
    assert made(rows).disk == 8 << 30
    assert made(rows).faults == []
    assert "and a bank of 6.0 GiB" in "\n".join(lines(made(rows)))


def test_a_study_larger_than_the_disk_is_refused() -> None:
    (fault,) = faults([Estimate("ingest", 1.0, 0, 11 << 30)], machine=MACHINE)
    assert str(fault).startswith("disk: expected 11.0 GiB, got 10.0 GiB free; free space")


def test_a_fit_larger_than_the_memory_is_refused() -> None:
    (fault,) = faults([Estimate("train@dual", 1.0, 9 << 30, 0)], machine=MACHINE)
    assert str(fault) == (
        "memory of train@dual: expected 9.0 GiB, got 8.0 GiB free; lower fit.batch_size or crop_px of the arm"
    )


def test_lines_name_what_is_up_to_date_and_the_total() -> None:
    told = "\n".join(lines(made()))
    assert "evaluate                     up to date" in told
    assert "total                           2 h 01   4.0 GiB   3.0 GiB" in told


@pytest.mark.parametrize(("seconds", "told"), [(4.4, "4 s"), (75, "1 min 15"), (7260, "2 h 01")])
def test_seconds_are_told_as_a_clock(seconds: float, told: str) -> None:
    assert clock(seconds) == told


@pytest.mark.parametrize(("count", "told"), [(3 << 20, "3 MiB"), (3 << 29, "1.5 GiB")])
def test_bytes_are_told_in_binary_units(count: int, told: str) -> None:
    assert size(count) == told


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dvc.yaml: expected the stages"):
        plan(config.parse(params_values(), where="test"), base=tmp_path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose costs are known, so that nothing is measured."""
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "params.yaml").write_text(json.dumps(params_values()), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "cohort_of", lambda _params, *, layout: COHORT)
    monkeypatch.setattr(planning, "image_cost", lambda _params, *, cohort: IMAGES)
    monkeypatch.setattr(planning, "measured", lambda arms, **_: dict.fromkeys(arms, FIT))
    monkeypatch.setattr(planning, "light_cost", lambda: LIGHT)
    monkeypatch.setattr(planning, "this_machine", lambda _base: MACHINE)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_the_command_tells_every_stage_of_the_pipeline() -> None:
    told = json.loads(CliRunner().invoke(app, ["plan", "--json"]).output)
    assert [row["stage"] for row in told["stages"]] == ["ingest", "train@dual", "train@view_systole"]
    assert told["fits"]


@pytest.mark.usefixtures("project")
def test_the_command_ends_with_an_error_where_something_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = Cohort(50, 10_000_000, 200_000_000, 10**13, "test")
    monkeypatch.setattr(planning, "cohort_of", lambda _params, *, layout: huge)
    found = CliRunner().invoke(app, ["plan"])
    assert found.exit_code == 1
    assert "SetupError: disk: expected" in found.output


def test_nothing_is_measured_where_all_is_done(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = frozenset({"ingest", "train@dual", "train@view_systole"})
    monkeypatch.setattr(planning, "up_to_date", lambda _params, *, base: stages)
    monkeypatch.setattr(planning, "image_cost", None)
    found = plan(config.parse(params_values(), where="test"), base=project)
    assert found.seconds == 0
    assert all(row.skipped for row in found.rows)
