"""A supplementary cohort from its files to the answers of an arm, stage by stage."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml

from cinemyo import config, provenance, tables
from cinemyo.config import PhantomCohort
from cinemyo.layout import Layout
from cinemyo.openings import PSEUDONYM
from cinemyo.sources.phantom import generate
from cinemyo.sources.sheet_file import read_sheet
from pipelines import ingest_external, label_external, locate_external, predict, prepare_external
from pipelines.ingest import basis
from tests.pipelines.project import link_code
from tests.tiny_study import FOLDS, build, params_values

COHORT = PhantomCohort(patients=3, seed=11, phases=8, matrix=64, field_of_view_mm=320, max_cines=2)
STAGES = (ingest_external, label_external, locate_external, prepare_external)


def run(stage: ModuleType, argument: str = "elsewhere") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [stage.__name__, argument])
        stage.main()


def write_params(base: Path, *, labels: str = "data/phantom/elsewhere/labels.csv", **source: Any) -> None:
    folder = "data/phantom/elsewhere"
    other = {"kind": "dicom", "root": f"{folder}/dicom", "labels": labels, "key": "published"}
    other |= {"truth": f"{folder}/truth", "min_phases": 4, "max_phases": 60} | source
    external = {"sources": {"elsewhere": other}, "arms": ["dual"], "folder": "data/tiny/external"}
    values = params_values() | {"external": external}
    (base / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")


def write_provenance_of_ingest(layout: Layout) -> None:
    params = config.load(layout.base / "params.yaml")
    path, own = layout.provenance("ingest"), basis(params, source=params.source)
    provenance.record("ingest", path=path, code=[], params=own, inputs=[], outputs=[])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study beside three other patients, whose stages have run."""
    base = tmp_path_factory.mktemp("external")
    _, layout = build(base)
    link_code(base)
    generate(COHORT, out=layout.phantom("elsewhere"))
    write_params(base)
    write_provenance_of_ingest(layout)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        for stage in STAGES:
            run(stage)
        run(predict, "dual")
    return base


@pytest.fixture
def layout(project: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The study as it was after all stages, whatever a test did to its tables."""
    monkeypatch.chdir(project)
    layout = Layout("tiny")
    kept = {path: path.read_bytes() for path in (layout.cines, layout.external.cines, layout.provenance("ingest"))}
    write_params(project)
    yield layout
    for path, content in kept.items():
        path.write_bytes(content)


def own(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.external.cines, table=tables.CINES)


def answers(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.external_predictions("dual"), table=tables.predictions("pathology"))


def test_each_cine_is_answered_by_each_fold(layout: Layout) -> None:
    prepared = tables.read(layout.external.prepared("coarse") / "prepared.csv", table=tables.PREPARED)
    found = answers(layout)
    assert len(prepared) == len(own(layout)) > 0
    assert found.groupby("fold")["cine_id"].apply(sorted).tolist() == [sorted(prepared["cine_id"])] * FOLDS
    assert set(found["set"]) == {"external"}


def test_its_labels_are_the_truth(layout: Layout) -> None:
    labels = tables.read(layout.external.labels, table=tables.LABELS).set_index("cine_id")["pathology"]
    found = answers(layout)
    assert found["truth"].tolist() == labels[found["cine_id"]].tolist()


def test_its_files_are_all_used_or_excluded(layout: Layout) -> None:
    files = pd.read_parquet(layout.external.sources)
    found = sum(path.is_file() for path in (layout.phantom("elsewhere") / "dicom").rglob("*"))
    assert len(files) == found == files["cine_id"].notna().sum() + files["code"].notna().sum()
    excluded = tables.read(layout.external.exclusions, table=tables.EXCLUSIONS)["n_files"].sum()
    assert excluded == files["code"].notna().sum()


def test_its_tables_name_no_one(layout: Layout) -> None:
    sheet = read_sheet(layout.phantom("elsewhere") / "labels.csv")
    identifiers = {str(cell) for name in ("patient", "exam", "series") for cell in sheet[name].dropna()}
    written = [path for path in layout.external.data.rglob("*") if path.suffix in {".csv", ".json"}]
    text = "".join(path.read_text() for path in [*written, layout.external_predictions("dual")])
    assert PSEUDONYM.search(text)
    assert not [name for name in identifiers if name in text]


def test_nothing_of_the_study_is_written_again(layout: Layout) -> None:
    assert not {path.name for path in layout.external.data.iterdir()} & {"folds.csv", "models", "history"}
    assert not set(own(layout)["cine_id"]) & set(tables.read(layout.cines, table=tables.CINES)["cine_id"])


@pytest.mark.parametrize("stage", [*(f"{stage.__name__.split('.')[1]}@elsewhere" for stage in STAGES), "predict@dual"])
def test_each_stage_leaves_its_provenance(layout: Layout, stage: str) -> None:
    found = json.loads(layout.provenance(stage).read_text())
    assert found["stage"] == stage
    assert all(Path(name).exists() for name in found["outputs"])


def test_a_cohort_without_labels_is_answered(layout: Layout, project: Path) -> None:
    write_params(project, labels="conf/sheets/no_labels.csv")
    run(label_external)
    run(predict, "dual")
    found = answers(layout)
    write_params(project)
    run(label_external)
    run(predict, "dual")
    assert found["truth"].isna().all()
    assert len(found) == len(answers(layout))


def seen(layout: Layout, column: str) -> str:
    """Puts a patient or the pixels of the cohort into the study too."""
    cines, value = tables.read(layout.cines, table=tables.CINES), own(layout)[column].iloc[0]
    cines.loc[0, column] = value
    tables.write(cines, table=tables.CINES, path=layout.cines)
    return str(value)


@pytest.mark.parametrize(("stage", "argument"), [(label_external, "elsewhere"), (predict, "dual")])
@pytest.mark.parametrize(("column", "told"), [("patient_id", "no patient of the study"), ("digest", "no pixels of")])
def test_who_was_seen_is_refused_by_name(
    layout: Layout, stage: ModuleType, argument: str, column: str, told: str
) -> None:
    value = seen(layout, column)
    with pytest.raises(SystemExit, match=f"^SplitError: supplementary cohort: expected {told}") as caught:
        run(stage, argument)
    named = value if column == "patient_id" else own(layout)["cine_id"].iloc[0]
    assert named in str(caught.value.code)


def test_another_key_than_the_studys_is_refused(layout: Layout) -> None:
    layout.provenance("ingest").write_text(json.dumps({"params": "0" * 64}))
    with pytest.raises(SystemExit, match=r"^IdentityKeyError: supplementary cohort: expected the key under which"):
        run(ingest_external)


def test_the_study_is_ingested_first(layout: Layout) -> None:
    layout.provenance("ingest").unlink()
    with pytest.raises(SystemExit, match=r"^TableError: .*ingest\.json: expected the provenance of a stage"):
        run(ingest_external)


def test_a_cohort_that_the_study_does_not_have_is_refused(layout: Layout) -> None:
    with pytest.raises(SystemExit, match=r"expected one of elsewhere, got 'nowhere'"):
        run(locate_external, "nowhere")
