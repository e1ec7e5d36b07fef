"""Composition of conf/ into params.yaml."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from cinemyo import config
from cinemyo.errors import ConfigError
from pipelines.params import composed, missing

CONF = Path(__file__).resolve().parents[2] / "conf"


@cache
def params(study: str, *overrides: str) -> config.Params:
    return config.parse(yaml.safe_load(composed(CONF, overrides=[f"study={study}", *overrides])), where=study)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with its conf/ and nothing else."""
    (tmp_path / "conf").symlink_to(CONF)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"expected a composition, got .*study/nowhere.*; correct conf/"):
        composed(CONF, overrides=["study=nowhere"])


def test_what_a_real_study_lacks_is_told_with_the_remedy(project: Path) -> None:
    told = missing(params("acdc"))
    assert told[0] == "study acdc: no data/source yet; make source ROOT=..."
    assert told[1].endswith("make weights FILE=...")
    assert "study paper: no data/labels.csv yet; make source ROOT=... LABELS=..." in missing(params("paper"))


def test_phantoms_are_made_not_asked_for(project: Path) -> None:
    assert missing(params("demo")) == missing(params("full")) == []


def test_what_a_supplementary_cohort_lacks_is_told(project: Path) -> None:
    told = missing(params("paper", "external=dicom"))
    assert "study paper: no data/external.census yet; make external ROOT=..." in told
    assert "study paper: no data/external_labels.csv yet; make external ROOT=... LABELS=..." in told


def test_labels_that_a_release_carries_are_not_asked_for(project: Path) -> None:
    told = missing(params("acdc", "external=acdc_testing"))
    assert [line for line in told if "external" in line] == ["study acdc: no data/external yet; make external ROOT=..."]


def test_a_folder_that_serves_both_cohorts_is_asked_for_once(project: Path) -> None:
    told = missing(params("acdc", "external=acdc_others"))
    assert [line for line in told if "data/source" in line] == ["study acdc: no data/source yet; make source ROOT=..."]


@pytest.mark.parametrize("kind", ["mnms", "mnms2", "sunnybrook"])
def test_a_study_of_short_axes_composes_on_every_release(kind: str) -> None:
    made = params("acdc", f"source={kind}")
    assert (made.source.kind, made.source.labels) == (kind, "data/acdc/carried_labels.csv")


def test_a_study_composes_on_nifti_files_and_asks_for_their_labels(project: Path) -> None:
    told = missing(params("paper", "source=nifti"))
    assert "study paper: no data/labels.csv yet; make source ROOT=... LABELS=..." in told


def test_an_absent_sheet_is_told_with_its_header(project: Path) -> None:
    told = missing(params("demo", "sheets.openings=conf/openings/mine.csv"))
    header = "arm,opened_on,role,reason,models,folds"
    assert told == [f"study demo: no conf/openings/mine.csv yet; write a file with this line alone: {header}"]


@pytest.mark.parametrize(
    ("study", "cohort"),
    [
        ("full", "phantom"),
        ("acdc", "acdc_testing"),
        ("acdc", "acdc_others"),
        ("acdc", "mnms"),
        ("paper", "dicom"),
        ("full", "none"),
    ],
)
def test_supplementary_cohorts_compose(study: str, cohort: str) -> None:
    own = params(study, f"external={cohort}").external
    assert own.folder == (f"data/{study}/external" if own.sources else "conf/sheets/no_labels.csv")
    assert bool(own.arms) == bool(own.sources)


def test_the_arms_of_both_whole_studies_are_alike_but_for_the_protocol() -> None:
    honest, paper = params("full").arms, params("full_paper").arms
    assert {
        name: arm.model_copy(update={"scheme": "paper"}) for name, arm in honest.items() if arm.scheme == "honest"
    } == {name: arm for name, arm in paper.items() if arm.scheme == "paper"}
    assert {arm.scheme for arm in paper.values()} == {"paper", "paper_by_input", "paper_holdout"}


@pytest.mark.parametrize("study", ["full", "full_paper", "paper"])
def test_whole_studies_have_every_input_and_size_with_its_pooled_twin(study: str) -> None:
    arms = [arm for arm in params(study).arms.values() if arm.scheme in ("honest", "paper")]
    inputs = {(arm.target, arm.phases) for arm in arms}
    both = ("diastole", "systole")
    assert inputs == {(target, phases) for target in ("pathology", "view") for phases in (both, both[:1], both[1:])}
    sizes = [
        (arm.recipe, arm.crop_px, arm.head.pool) for arm in arms if arm.phases == both[1:] and arm.target != "view"
    ]
    assert len(sizes) == len(set(sizes)) == 8
    assert {pool for *_, pool in sizes} == {"flatten", "average"}
