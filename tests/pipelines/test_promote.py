"""The winner of a sweep as a file of conf/arm: it composes to the very arm that was ranked."""

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.errors import ConfigError
from cinemyo.layout import Layout
from cinemyo.sweeping.job import sweep_folder
from cinemyo.sweeping.promotion import winner
from cinemyo.sweeping.ranking import RANKING, ranking
from pipelines.grid import arm_of_file
from pipelines.params import composed
from pipelines.promote import promote
from tests.cohort import name

CONF = Path(__file__).resolve().parents[2] / "conf"
KEYS = {0.5: "aaaaaaaaaaaaaaaa", 0.7: "bbbbbbbbbbbbbbbb", 0.6: "cccccccccccccccc"}
FIGURES = {"validation_loss": 1.0, "validation_accuracy_sd": 0.1, "gflop": 1.0, "parameters": 9, "seconds": 2.0}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration that may be written to, and the folds of the study demo."""
    base = tmp_path_factory.mktemp("promote")
    shutil.copytree(CONF, base / "conf", ignore=shutil.ignore_patterns("local"))
    rows = [
        {"scheme": "honest", "cine_id": name("c", number), "patient_id": name("p", number), "part": str(number % 3)}
        for number in range(9)
    ]
    tables.write(tables.from_rows(rows, table=tables.FOLDS), table=tables.FOLDS, path=Layout("demo", base).folds)
    return base / "conf"


@pytest.fixture
def conf(copied: Path) -> Iterator[Path]:
    """The same without what a test has written."""
    yield copied
    shutil.rmtree(copied.parent / "outputs")
    (copied / "arm" / "demo" / "winner.yaml").unlink(missing_ok=True)


@cache
def base_arm(conf: Path) -> Arm:
    return arm_of_file("base", study="demo", conf=conf)


def swept(conf: Path, **changes: Any) -> Arm:
    """Writes the jobs; the best differs from the base by these changes."""
    folder = sweep_folder(Layout("demo", conf.parent))
    base = base_arm(conf)
    values = base.model_dump(mode="json")
    for key, change in changes.items():
        values[key] = {**values[key], **change} if isinstance(change, dict) else change
    best = Arm.model_validate(values)
    for accuracy, key in KEYS.items():
        arm = best if accuracy == 0.7 else base
        own = {"name": f"crop_px={key[0]}", "key": key, "basis": "0", "seed": 1, "folds": "f" * 64}
        (folder / key).mkdir(parents=True)
        (folder / key / "job.json").write_text(json.dumps({**own, "arm": arm.model_dump(mode="json")}))
        (folder / key / "metrics.json").write_text(json.dumps({**FIGURES, "validation_accuracy": accuracy}))
    tables.write(ranking(sorted(folder.glob("*/"))), table=RANKING, path=folder / "ranking.csv")
    return best


def written(conf: Path, **changes: Any) -> dict[str, Any]:
    """The file of the winner; it composes to the winner, whatever it states."""
    best = swept(conf, **changes)
    path = promote("best", study="demo", name="winner", conf=conf, base=conf.parent)
    arm = arm_of_file("winner", study="demo", conf=conf)
    assert arm.model_copy(update={"selected_on": None}) == best
    stated: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return stated


def group(conf: Path, kind: str, name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((conf / kind / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


def test_a_value_that_differs_is_stated_alone(conf: Path) -> None:
    stated = written(conf, crop_px=96)
    assert stated.pop("selected_on")["by"] == "sweep, job bbbbbbbbbbbbbbbb"
    assert stated == {"defaults": ["base", "_self_"], "crop_px": 96}


def test_whole_groups_are_named_and_their_own_changes_are_stated(conf: Path) -> None:
    backbone = {**group(conf, "backbone", "vgg16"), "weights": "none", "train_from": "all"}
    stated = written(conf, backbone=backbone, head=group(conf, "head", "linear"), fit={"epochs": 1})
    assert stated["defaults"][1:3] == [{"override /backbone@backbone": "vgg16"}, {"override /head@head": "linear"}]
    assert stated["backbone"] == {"weights": "none", "train_from": "all"}
    assert stated["fit"] == {"epochs": 1}


def test_the_arm_says_on_which_folds_and_by_what_it_was_chosen(conf: Path) -> None:
    selected = written(conf, crop_px=96)["selected_on"]
    assert selected == {"by": "sweep, job bbbbbbbbbbbbbbbb", "parts": [0, 1, 2], "folds": "f" * 64}
    text = (conf / "arm" / "demo" / "winner.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Promoted by `python -m pipelines.promote`: rank 1 of 3, job bbbbbbbbbbbbbbbb\n")
    assert "accuracy 0.7000 on the validation parts of the inner folds of scheme honest" in text


def test_a_study_that_names_it_composes(conf: Path) -> None:
    written(conf, crop_px=96)
    values = yaml.safe_load(composed(conf, overrides=["+arm/demo@arms.winner=winner"]))
    assert values["arms"]["winner"]["crop_px"] == 96


@pytest.mark.parametrize("asked", ["best", "1", "bbbbbb", "bbbbbbbbbbbbbbbb", "crop_px=b"])
def test_a_job_is_called_by_key_name_or_rank(conf: Path, asked: str) -> None:
    swept(conf, crop_px=96)
    assert winner(asked, folder=sweep_folder(Layout("demo", conf.parent)))["arm"]["crop_px"] == 96


@pytest.mark.parametrize("asked", ["9", "dddddddd", "b"])
def test_an_unknown_job_is_refused(conf: Path, asked: str) -> None:
    swept(conf)
    with pytest.raises(ConfigError, match=f"expected one ranked job, got 0 called '{asked}'"):
        promote(asked, study="demo", name="winner", conf=conf, base=conf.parent)


def test_an_arm_that_is_there_is_not_overwritten(conf: Path) -> None:
    swept(conf)
    with pytest.raises(ConfigError, match=r"dual.yaml, which exists; set --name"):
        promote("best", study="demo", name="dual", conf=conf, base=conf.parent)


def test_a_name_that_cannot_be_is_refused(conf: Path) -> None:
    swept(conf)
    with pytest.raises(ConfigError, match="expected small letters, digits, underscores, got 'Best one'"):
        promote("best", study="demo", name="Best one", conf=conf, base=conf.parent)


def test_what_a_file_cannot_state_leaves_none(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a file adds options to those of the base's backbone and takes none away; that of another backbone could
    monkeypatch.setattr("pipelines.promote.GROUPS", ("head",))
    swept(conf, backbone={"options": {"channels": [8, 8, 8, 8], "stem_width": 8}})
    with pytest.raises(ConfigError, match=r"expected an arm that a file can state, got job b.*; write .* by hand"):
        promote("best", study="demo", name="winner", conf=conf, base=conf.parent)
    assert not (conf / "arm" / "demo" / "winner.yaml").exists()


def test_options_are_taken_away_by_way_of_another_backbone(conf: Path) -> None:
    stated = written(conf, backbone={"options": {"channels": [8, 8, 8, 8], "stem_width": 8}})
    assert stated["backbone"]["options"] == {"channels": [8, 8, 8, 8], "stem_width": 8}
