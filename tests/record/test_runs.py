"""The runs of a study, read from its files."""

import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.record.runs import flat, study_runs
from cinemyo.record.tracking import Entry
from tests.tiny_study import FOLDS

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def runs(tiny: STUDY) -> list[Entry]:
    params, layout = tiny
    return study_runs(params, layout=layout)


def test_there_is_a_run_per_arm(runs: list[Entry]) -> None:
    assert [run.arm for run in runs] == ["dual", "view_systole"]


def test_there_is_a_child_per_fold(runs: list[Entry]) -> None:
    assert [child.fold for child in runs[0].children] == list(range(FOLDS))


def test_the_configuration_is_flat(runs: list[Entry]) -> None:
    assert runs[0].params["backbone.name"] == "test_resnet"
    assert runs[0].params["phases"] == '["diastole", "systole"]'


def test_a_fold_has_the_accuracy_of_its_own_test_cines(runs: list[Entry], tiny: STUDY) -> None:
    frame = tables.read(tiny[1].predictions("dual"), table=tables.predictions("pathology"))
    own = frame[(frame["fold"] == 1) & (frame["set"] == "test")]
    called = own[["p_normal", "p_hcm", "p_dcm"]].idxmax(axis=1).str.removeprefix("p_")
    expected = float((called == own["truth"]).mean())
    assert [m.value for m in runs[0].children[1].metrics if m.key == "accuracy"] == [expected]


def test_runs_tell_their_level_and_what_they_compare_by(runs: list[Entry]) -> None:
    assert [runs[0].tags["level"], runs[0].children[0].tags["level"]] == ["arm", "fold"]
    assert {key: runs[0].tags[key] for key in ("target", "input", "control", "leaky")} == {
        "target": "pathology",
        "input": "diastole+systole",
        "control": "none",
        "leaky": "false",
    }


def test_an_arm_carries_its_intervals(runs: list[Entry]) -> None:
    found = {metric.key: metric.value for metric in runs[0].metrics}
    assert (found["patient_accuracy"], found["patient_accuracy_low"], found["patient_accuracy_high"]) == (0.8, 0.6, 1.0)


def test_a_fold_has_its_confusion_matrix_and_heat_maps(tiny: STUDY) -> None:
    params, layout = tiny
    paths = [layout.figures / "folds" / "dual" / "confusion_1.png", layout.heat_maps / "dual" / "fold1.png"]
    for path in paths:
        tables.write_bytes(path, b"png")
    found = study_runs(params, layout=layout)[0].children[1].files
    for path in paths:
        path.unlink()
    assert {"figures/confusion.png", "heat_maps/fold.png"} <= set(found)


def test_a_fold_has_its_curves_by_epoch(runs: list[Entry]) -> None:
    curve = [(m.step, m.value) for m in runs[0].children[0].metrics if m.key == "validation_loss"]
    assert curve == [(1, 1.1), (2, 0.55)]


def test_a_fold_has_its_model(runs: list[Entry], tiny: STUDY) -> None:
    path = tiny[1].models("dual") / "fold2.safetensors"
    assert runs[0].children[2].files == {"model/fold2.safetensors": path}


def test_an_arm_has_its_heat_maps(runs: list[Entry]) -> None:
    assert "heat_maps/overview.png" in runs[0].files


def test_an_arm_has_no_figure_of_another(tiny: STUDY) -> None:
    params, layout = tiny
    layout.figures.mkdir(parents=True, exist_ok=True)
    path = layout.figures / "confusion_view_dual.png"
    path.write_bytes(b"png")
    found = study_runs(params, layout=layout)[0].files
    path.unlink()
    assert "figures/confusion_view_dual.png" not in found


def test_an_arm_has_its_confusion_matrix(runs: list[Entry]) -> None:
    assert runs[0].documents["confusion.json"]["matrix"][0] == [5, 1, 1]


def test_data_is_named_from_the_root_of_the_project(runs: list[Entry], tiny: STUDY) -> None:
    found = {item.path: item.digest for item in runs[0].data}
    assert found["data/tiny/folds.csv"] == sha256(tiny[1].folds)
    assert "data/tiny/prepared/coarse/prepared.csv" in found


def test_a_synthetic_study_says_so(runs: list[Entry]) -> None:
    assert runs[0].tags["synthetic"] == "true"


def test_an_arm_without_predictions_is_refused(tiny: STUDY) -> None:
    params, layout = tiny
    with pytest.raises(TableError, match="history"):
        study_runs(params.model_copy(update={"arms": {"other": params.arms["dual"]}}), layout=_with_metrics(layout))


def _with_metrics(layout: Layout) -> Layout:
    class Named(Layout):
        @property
        def metrics(self):
            path = self.data / "metrics_other.json"
            path.write_text(layout.metrics.read_text(encoding="utf-8").replace('"dual"', '"other"'), encoding="utf-8")
            return path

    return Named(layout.study, layout.base)


def test_nested_values_get_dotted_keys() -> None:
    assert flat({"a": {"b": 1, "c": {}}, "d": None, "e": "x"}) == {"a.b": "1", "a.c": "{}", "d": "null", "e": "x"}


def test_a_long_value_is_cut_to_what_a_store_holds() -> None:
    assert len(flat({"a": "x" * 9000})["a"]) == 6000


def test_a_run_and_its_folds_lead_to_the_ledger_and_the_lock(runs: list[Entry]) -> None:
    assert set(runs[0].pointers) == {"ledger_head", "dvc_lock"}
    assert runs[0].children[0].pointers == runs[0].pointers
