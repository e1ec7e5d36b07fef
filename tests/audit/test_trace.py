"""From a number, figure or file back to code, tables, cines and source files."""

import json
from pathlib import Path

import pytest

from cinemyo.audit.reconcile import reconcile
from cinemyo.audit.trace import Trace, trace_of
from cinemyo.audit.trace_text import as_json, as_text
from cinemyo.errors import AuditError, TableError
from cinemyo.provenance import sha256
from cinemyo.record.tracking import STORE, Entry, Store
from tests.audit.project import Project, copy
from tests.tiny_study import FOLDS, N, identifier

METRIC = "reports/metrics.json:arms.dual.accuracy_mean"


def traced(project: Project, what: str) -> Trace:
    return trace_of(what, params=project.params, layout=project.layout, records=project.ledger.history())


@pytest.fixture(scope="module")
def metric(ran: Project) -> Trace:
    return traced(ran, METRIC)


def test_a_metric_is_shown_with_its_value_and_hash(metric: Trace, ran: Project) -> None:
    assert (metric.asked.kind, metric.asked.value, metric.asked.arm) == ("metric", 0.75, "dual")
    assert metric.sha256 == sha256(ran.layout.metrics)
    assert metric.standing == "as recorded"


def test_the_chain_goes_back_to_ingest_through_the_arm_alone(metric: Trace) -> None:
    stages = [link.stage for link in metric.chain]
    assert stages == ["evaluate", "train@dual", "split", "prepare@coarse", "locate", "label", "ingest"]


def test_each_link_names_params_seed_code_and_hashes(metric: Trace, ran: Project) -> None:
    train = metric.chain[1]
    assert (train.seed, dict(train.params)) == (7, {"seed": 7})
    assert train.code_digest == json.loads(ran.layout.provenance("train@dual").read_text())["code"]
    read = {item.path: item.sha256 for item in train.inputs}
    assert read["data/tiny/labels.csv"] == sha256(ran.layout.labels)
    assert {out.path for out in train.outputs} == {"data/tiny/predictions/dual.csv"}


def test_each_link_names_who_ran_it_from_which_commit(metric: Trace, ran: Project) -> None:
    run = metric.chain[1].run
    assert (run["commit"], run["dirty"], run["restored"]) == (
        ran.git("rev-list", "--max-parents=0", "HEAD"),
        False,
        False,
    )
    assert run["started"] <= run["ended"]
    assert len(run["environment"]) == 64


def test_a_number_of_an_arm_comes_from_its_cines_and_their_files(metric: Trace, ran: Project) -> None:
    assert dict(metric.reach.roles) == {"in the folds": N - 2, "holdout": 2}
    assert len(metric.reach.cines) == N - 2
    assert len(metric.reach.sources) == 2 * (N - 2)
    assert metric.reach.sources["digest"].str.fullmatch("[0-9a-f]{64}").all()


def test_the_permission_and_the_labels_are_named(metric: Trace) -> None:
    assert metric.context["consent_basis"] == "synthetic"
    assert metric.context["label_version"]
    assert metric.context["scheme"] == "honest"


def test_a_cell_of_a_table_is_found_by_its_row(ran: Project) -> None:
    found = traced(ran, f"data/tiny/labels.csv:{identifier('c', 0)}:pathology")
    assert (found.asked.kind, found.asked.value) == ("cell", "normal")
    assert [link.stage for link in found.chain] == ["label", "ingest"]


def test_a_prediction_comes_from_the_model_of_its_fold(ran: Project) -> None:
    found = traced(ran, f"data/tiny/predictions/dual.csv:{identifier('c', 2)}")
    assert (found.asked.kind, found.asked.fold, found.asked.cine_id) == ("prediction", 1, identifier("c", 2))
    assert found.asked.value["set"] == "test"
    assert dict(found.reach.roles) == {"test": 6, "validation": 4, "train": 6, "holdout": 2}
    assert len(found.reach.cines) == 1
    assert "prediction" in {step.kind for step in found.steps}


def test_a_model_is_a_file_like_any_other(ran: Project) -> None:
    found = traced(ran, "data/tiny/models/dual/fold1.safetensors")
    assert (found.asked.arm, found.asked.fold) == ("dual", 1)
    assert found.chain[0].stage == "train@dual"


def test_a_cine_is_told_with_all_that_it_went_into(ran: Project) -> None:
    found = traced(ran, identifier("c", 0))
    assert {"source file", "label", "fold", "prediction"} <= {step.kind for step in found.steps}
    assert len(found.reach.sources) == 2
    assert [link.stage for link in found.chain] == ["ingest"]


def test_an_excluded_item_is_told_with_its_reason(ran: Project) -> None:
    found = traced(ran, "0" * 32)
    (step,) = found.steps
    assert (step.kind, step.values["code"]) == ("exclusion", "scout")


def test_a_source_file_is_found_by_its_code(ran: Project) -> None:
    import pandas as pd

    sources = pd.read_parquet(ran.layout.sources)
    (step,) = traced(ran, sources["file"].iloc[0]).steps
    assert (step.kind, step.values["cine_id"]) == ("source file", sources["cine_id"].iloc[0])


def test_a_run_of_mlflow_leads_to_the_model_of_its_fold(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    ids = Store(project.base).record([Entry("tiny", "dual", fold) for fold in range(FOLDS)], study="tiny")
    found = traced(project, ids["dual fold 2"])
    assert found.asked.path == "data/tiny/models/dual/fold2.safetensors"
    assert found.asked.value["tags"]["fold"] == "2"


def test_a_run_that_is_not_there_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    with pytest.raises(AuditError, match="an id that none has"):
        traced(project, "f" * 32)


def test_a_changed_file_is_said_to_be_changed(project: Project) -> None:
    project.layout.metrics.write_text(project.layout.metrics.read_text() + "\n")
    assert traced(project, METRIC).standing == "CHANGED since it was recorded"


def test_a_stage_without_a_run_is_said_to_be_restored(ran: Project, tmp_path: Path) -> None:
    project = copy(ran, tmp_path / "project")
    for path in (project.base / "audit").rglob("*"):
        if path.is_file():
            path.unlink()
    reconcile(project.params, layout=project.layout)
    found = traced(project, METRIC)
    assert found.chain[0].run["restored"]
    assert "restored from a cache" in as_text(found, listed=False)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("reports/metrics.json:arms.dual.acuracy", "expected one of .*accuracy_mean"),
        ("reports/metrics.json:arms.nobody", "expected one of dual, view_systole, got nobody"),
        ("reports/metrics.json:study.x", "no further key"),
        ("data/tiny/labels.csv:c-none:view", "cine_id: expected one of c-"),
        (f"data/tiny/labels.csv:{identifier('c', 0)}:vieuw", "expected one of cine_id"),
        ("data/tiny/labels.csv:pathology=normal:view", "expected one row, got 6; add column=value of"),
        ("data/tiny/labels.csv:colour=red", "expected columns cine_id"),
        ("reports/nothing.json:a", "'reports/nothing.json', which it does not"),
        ("params.yaml", "expected something that a stage made, got what no stage made"),
        ("params.yaml:a", "expected a .json, .csv or .parquet file before the colon"),
        ("../outside", "which it does not"),
        (identifier("p", 0), "cinemyo audit impact"),
    ],
)
def test_what_cannot_be_traced_is_refused_with_what_can(ran: Project, what: str, said: str) -> None:
    with pytest.raises(AuditError, match=said):
        traced(ran, what)


def test_a_file_outside_of_the_project_is_refused(ran: Project) -> None:
    (ran.base.parent / "outside.csv").write_text("a\n1\n")
    with pytest.raises(AuditError, match="a file of this project"):
        traced(ran, "../outside.csv")


def test_an_unknown_cine_is_refused(ran: Project) -> None:
    with pytest.raises(TableError, match="a cine of the study"):
        traced(ran, "c-7777777777777777")


def test_stages_that_have_not_run_are_named(project: Project) -> None:
    lock = project.base / "dvc.lock"
    lock.write_text(lock.read_text().replace("\n  evaluate:", "\n  evaluated:"))
    with pytest.raises(AuditError, match="these have not run: evaluate"):
        traced(project, METRIC)


def test_people_read_counts_and_on_request_every_source_file(metric: Trace) -> None:
    told, listed = as_text(metric, listed=False), as_text(metric, listed=True)
    assert told.startswith(f"{METRIC} = 0.75\n")
    assert f"{N - 2} cines of {N // 2 - 1} patients, made of {2 * (N - 2)} source files" in told
    digests = metric.reach.sources["digest"]
    assert not any(digest in told for digest in digests)
    assert all(digest in listed for digest in digests)


def test_machines_read_all(metric: Trace) -> None:
    values = json.loads("".join(as_json(metric)))
    assert (len(values["chain"]), len(values["cines"]), len(values["sources"])) == (7, N - 2, 2 * (N - 2))
