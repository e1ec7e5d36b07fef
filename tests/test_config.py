"""params.yaml as typed values, and how each fault in it is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cinemyo import config
from cinemyo.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
Values = dict[str, Any]


@pytest.fixture
def values() -> Values:
    loaded: Values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return loaded


def set_at(values: Values, key: str, value: object) -> None:
    *folders, last = key.split(".")
    for folder in folders:
        values = values[folder]
    values[last] = value


def test_the_committed_params_are_accepted(values: Values) -> None:
    assert config.parse(values, where="params.yaml").study.name == "demo"


def test_a_misspelt_key_is_named_with_its_place(values: Values) -> None:
    set_at(values, "arms.dual.fit.epoch", 3)
    with pytest.raises(ConfigError, match=r"params.yaml: arms.dual.fit.epoch: .*a key that nothing reads; correct"):
        config.parse(values, where="params.yaml")


def test_several_faults_are_counted(values: Values) -> None:
    set_at(values, "arms.dual.fit.epochs", 0)
    set_at(values, "split.folds", 1)
    with pytest.raises(ConfigError, match=r"and 1 more"):
        config.parse(values, where="params.yaml")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("arms.dual.phases", [], "phases must name each phase once"),
        ("arms.dual.phases", ["systole", "systole"], "phases must name each phase once"),
        ("arms.view_dual.augment.flip", True, "flip changes the label of a view arm"),
        ("arms.dual.scheme", "paper_holdout", "must fit split.protocol honest"),
        ("arms.dual.scheme", "paper", "must fit split.protocol honest"),
        ("arms.dual.recipe", "fine", "must be one of"),
        ("arms.dual.crop_px", 129, "at most the canvas of 128"),
        ("arms.dual.hidden_radius_px", 20, "set crop_px to null"),
        ("arms.view_dual.labels", "permuted", "a control of target pathology"),
        ("study.synthetic", False, "published is for synthetic studies"),
        ("oversight.consent_basis", "waiver", "synthetic for phantoms and for them alone"),
        ("oversight.consent_basis", "asked", "oversight.consent_basis"),
    ],
)
def test_what_contradicts_itself_is_refused(values: Values, key: str, value: object, told: str) -> None:
    set_at(values, key, value)
    with pytest.raises(ConfigError, match=told):
        config.parse(values, where="params.yaml")


def test_the_record_outlives_the_images(values: Values) -> None:
    set_at(values, "oversight.images_until", "2031-12-31")
    set_at(values, "oversight.audit_until", "2030-12-31")
    with pytest.raises(ConfigError, match="audit_until must be no earlier than images_until 2031-12-31"):
        config.parse(values, where="params.yaml")


def test_a_hole_that_leaves_no_background_is_refused(values: Values) -> None:
    set_at(values, "arms.dual.crop_px", None)
    set_at(values, "arms.dual.hidden_radius_px", 64)
    with pytest.raises(ConfigError, match="below half the canvas of 128"):
        config.parse(values, where="params.yaml")


@pytest.mark.parametrize("scheme", ["paper", "paper_by_input", "paper_holdout"])
def test_the_protocol_of_the_paper_has_three_schemes(values: Values, scheme: str) -> None:
    values["split"]["protocol"] = "paper"
    values["arms"] = {"dual": values["arms"]["dual"] | {"scheme": scheme}}
    values["study"]["primary"] = "dual"
    assert config.parse(values, where="params.yaml").arms["dual"].scheme == scheme


def test_a_scheme_without_an_inner_fold_cannot_select(values: Values) -> None:
    set_at(values, "arms.dual.scheme", "paper_by_input")
    set_at(values, "arms.dual.fit.select", "best_validation")
    with pytest.raises(ConfigError, match="selects nothing"):
        config.parse(values, where="params.yaml")


def test_a_view_arm_on_a_source_of_one_view_is_refused(values: Values) -> None:
    acdc = {"kind": "acdc", "root": "r", "labels": "l", "slices": {"first": 0, "last": 1}, "groups": {"NOR": "normal"}}
    set_at(values, "source", acdc)
    with pytest.raises(ConfigError, match="one view only"):
        config.parse(values, where="params.yaml")


DICOM = {"kind": "dicom", "root": "r", "labels": "l", "key": "published", "min_phases": 8, "max_phases": 60}
ACDC = {"kind": "acdc", "root": "r", "labels": "l", "slices": {"first": 0, "last": 1}, "groups": {"NOR": "normal"}}


def with_external(values: Values, **sources: Values) -> Values:
    return values | {"external": {"sources": sources, "arms": ["dual"], "folder": "data/demo/external"}}


def test_a_supplementary_cohort_is_accepted(values: Values) -> None:
    assert config.parse(with_external(values, other=DICOM), where="test").external.arms == ("dual",)


def test_one_supplementary_cohort_is_the_most(values: Values) -> None:
    with pytest.raises(ConfigError, match=r"external\.sources: expected dictionary should have at most 1 item"):
        config.parse(with_external(values, one=DICOM, two=DICOM), where="test")


def test_both_cohorts_have_one_key(values: Values) -> None:
    told = r"external\.sources\.other\.key must be that of the study's source, published"
    with pytest.raises(ConfigError, match=told):
        config.parse(with_external(values, other=DICOM | {"key": "file"}), where="test")


def test_a_release_beside_an_export_takes_its_key(values: Values) -> None:
    set_at(values, "source.key", "file")
    set_at(values, "study.synthetic", False)
    set_at(values, "oversight.consent_basis", "waiver")
    assert config.parse(with_external(values, other=ACDC), where="test").external.sources["other"].kind == "acdc"


def test_people_are_not_answered_under_the_published_key(values: Values) -> None:
    values["arms"] = {"dual": values["arms"]["dual"]}
    set_at(values, "source", ACDC)
    set_at(values, "study.synthetic", False)
    with pytest.raises(ConfigError, match=r"external\.sources\.other holds people: a study under the published key"):
        config.parse(with_external(values, other=DICOM), where="test")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("external.folder", "data/other/external", "external.folder must be data/demo/external"),
        ("external.arms", ["nobody"], "external.arms must be among the arms"),
        ("external.sources", {}, "external.arms must be empty without a cohort"),
    ],
)
def test_a_supplementary_cohort_that_does_not_fit_is_refused(
    values: Values, key: str, value: object, told: str
) -> None:
    values = with_external(values, other=DICOM)
    set_at(values, key, value)
    with pytest.raises(ConfigError, match=told):
        config.parse(values, where="test")


def test_params_are_frozen(values: Values) -> None:
    params = config.parse(values, where="params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.seed = 1


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_absent_params_name_the_remedy(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "params.yaml")
    with pytest.raises(ConfigError, match="run `make params`"):
        config.load(tmp_path / "params.yaml")


def test_an_arm_that_was_not_chosen_is_written_as_before(values: Values) -> None:
    assert "selected_on" not in config.parse(values, where="test").arms["dual"].model_dump()


def test_an_arm_says_on_what_it_was_chosen(values: Values) -> None:
    chosen = {"by": "tune rate trial 3", "parts": [1, 2], "folds": "0" * 64}
    set_at(values, "arms.dual.selected_on", chosen)
    assert config.parse(values, where="test").arms["dual"].model_dump(mode="json")["selected_on"] == chosen
