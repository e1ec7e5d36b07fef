"""A job of a sweep: its key, its result, its failure, and that nothing is done twice."""

import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cinemyo.config import Params
from cinemyo.errors import ConfigError, TrainingError
from cinemyo.layout import Layout
from cinemyo.sweeping import job as jobs
from cinemyo.sweeping.job import give_up, job_of, run_job, told
from tests.sweeping.tiny_sweep import job, project, small


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Layout]:
    return project(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def done(study: tuple[Params, Layout]) -> jobs.Job:
    made = job(*study)
    assert run_job(made, layout=study[1], workers=1) == "finished"
    return made


def test_a_finished_job_tells_its_accuracy_on_validation(done: jobs.Job) -> None:
    rows = pd.read_csv(done.folder / "predictions.csv")
    called = rows[["p_normal", "p_hcm", "p_dcm"]].idxmax(axis=1).str.removeprefix("p_")
    by_fold = (called == rows["truth"]).groupby(rows["fold"]).mean()
    assert told(done.folder / "metrics.json")["validation_accuracy"] == pytest.approx(by_fold.mean())


def test_no_answer_of_a_test_part_is_left(done: jobs.Job) -> None:
    assert set(pd.read_csv(done.folder / "predictions.csv")["set"]) == {"validation"}


def test_the_cost_stands_beside_the_accuracy(done: jobs.Job) -> None:
    figures = told(done.folder / "metrics.json")
    assert figures["parameters"] == figures["trained_parameters"] > 1000
    assert figures["gflop"] > 0
    assert figures["seconds"] > 0


def test_models_are_not_kept(done: jobs.Job) -> None:
    assert [path.name for path in sorted(done.folder.iterdir())] == [
        "history.csv",
        "job.json",
        "lock",
        "metrics.json",
        "predictions.csv",
    ]


def test_a_finished_job_is_not_done_again(
    done: jobs.Job, study: tuple[Params, Layout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "run_arm", _crash)
    assert run_job(done, layout=study[1]) == "finished"


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("no such file: /home/somebody/study/c-aaaaaaaaaaaaaaaa.tif on 3 px")


def test_a_crash_is_a_state_and_its_reason_names_no_place_or_pseudonym(
    study: tuple[Params, Layout], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = job(*study, crop_px=16)
    monkeypatch.setattr(jobs, "run_arm", _crash)
    assert run_job(broken, layout=study[1]) == "failed"
    reason = told(broken.folder / "failed.json")["reason"]
    assert reason.startswith("RuntimeError in sweeping/job.py:")
    assert reason.endswith(": no such file: <path> on 3 px")


def test_a_failed_job_is_tried_again(study: tuple[Params, Layout], monkeypatch: pytest.MonkeyPatch) -> None:
    again = job(*study, crop_px=20)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "run_arm", _crash)
        run_job(again, layout=study[1])
    assert run_job(again, layout=study[1], workers=1) == "finished"
    assert not (again.folder / "failed.json").exists()
    assert told(again.folder / "metrics.json")["seconds"] is None, "the clock of one attempt is not that of the job"


def test_a_fault_of_ours_is_told_as_it_is(study: tuple[Params, Layout], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TrainingError("fold 1", expected="a loss", got="nan", remedy="lower it")

    broken = job(*study, crop_px=18)
    monkeypatch.setattr(jobs, "run_arm", refuse)
    run_job(broken, layout=study[1])
    assert told(broken.folder / "failed.json") == {
        "reason": "TrainingError: fold 1: expected a loss, got nan; lower it"
    }


def test_a_job_without_an_end_is_given_up_with_a_reason(study: tuple[Params, Layout]) -> None:
    lost = job(*study, crop_px=14)
    give_up(lost, layout=study[1], why="killed")
    assert (lost.state, told(lost.folder / "failed.json")) == ("failed", {"reason": "killed"})


def test_a_finished_job_is_not_given_up(done: jobs.Job, study: tuple[Params, Layout]) -> None:
    give_up(done, layout=study[1], why="killed")
    assert done.state == "finished"


def _count(job: jobs.Job, layout: Layout, folder: Path) -> None:
    def count(*_: object, **__: object) -> None:
        (folder / f"{multiprocessing.current_process().pid}").touch()
        (job.folder / "metrics.json").write_text(json.dumps({}), encoding="utf-8")

    jobs._fit = count  # type: ignore[assignment]
    run_job(job, layout=layout)


def test_of_several_processes_one_does_the_job(study: tuple[Params, Layout], tmp_path: Path) -> None:
    shared = job(*study, crop_px=12)
    fork = multiprocessing.get_context("fork")
    crowd = [fork.Process(target=_count, args=(shared, study[1], tmp_path)) for _ in range(4)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("change", [{"crop_px": 24}, {"fit": {"batch_size": 4}}, {"target": "view"}])
def test_another_arm_is_another_job(study: tuple[Params, Layout], change: dict[str, Any]) -> None:
    assert job(*study, **change).key != job(*study).key


def test_another_name_is_the_same_job(study: tuple[Params, Layout]) -> None:
    assert job(*study, name="crop_px=32").key == job(*study).key


def test_another_seed_is_another_job_of_the_same_ranking(study: tuple[Params, Layout]) -> None:
    params, layout = study
    other = job(params.model_copy(update={"seed": 8}), layout)
    assert other.key != job(*study).key
    assert other.basis == job(*study).basis


def test_corrected_labels_make_other_jobs_of_another_ranking(study: tuple[Params, Layout], tmp_path: Path) -> None:
    shutil.copytree(study[1].data, tmp_path / "data" / "tiny")
    moved = Layout("tiny", tmp_path)
    assert job(study[0], moved).key == job(*study).key
    moved.labels.write_text(moved.labels.read_text(encoding="utf-8").replace("hcm", "dcm", 1), encoding="utf-8")
    assert job(study[0], moved).basis != job(*study).basis


def test_a_permuted_arm_hangs_on_who_is_one_person(study: tuple[Params, Layout], tmp_path: Path) -> None:
    shutil.copytree(study[1].data, tmp_path / "data" / "tiny")
    moved, sheet = Layout("tiny", tmp_path), tmp_path / "links.csv"
    params = study[0].model_copy(update={"split": study[0].split.model_copy(update={"links": sheet.name})})
    keys = {}
    for rows in ("", "p-aaaaaaaaaaaaaaaa,p-bbbbbbbbbbbbbbbb\n"):
        sheet.write_text(f"patient,same_person_as\n{rows}", encoding="utf-8")
        keys[rows] = [job(params, moved, labels=labels).key for labels in ("given", "permuted")]
    (given, permuted), (also_given, otherwise) = keys.values()
    assert given == also_given
    assert permuted != otherwise
    sheet.unlink()
    with pytest.raises(ConfigError, match=r"no links.csv; run `make repro`"):
        job(params, moved, labels="permuted")


@pytest.mark.parametrize("scheme", ["paper", "paper_by_input"])
def test_a_scheme_without_a_validation_part_is_refused(study: tuple[Params, Layout], scheme: str) -> None:
    arm = small(study[0]).model_copy(update={"scheme": scheme})
    with pytest.raises(ConfigError, match="expected one with a validation part"):
        job_of(arm, params=study[0], name="base", layout=study[1])


def test_a_study_that_is_not_prepared_is_refused(study: tuple[Params, Layout], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no data/tiny/cines.csv; run `make repro`"):
        job(study[0], Layout("tiny", tmp_path))
