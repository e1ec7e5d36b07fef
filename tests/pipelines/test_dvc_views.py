"""`dvc metrics show`, `dvc metrics diff` and `dvc plots show` take what the stage evaluate writes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cinemyo.evaluation.scores import answers, scores
from cinemyo.evaluation.summary import metrics_of
from cinemyo.tables import write_bytes
from tests.evaluation.example import history, params, scored

ROOT = Path(__file__).resolve().parents[2]
ARMS = ("dual", "view_dual")
VIEWS = """
stages:
  evaluate:
    cmd: "true"
    metrics:
    - reports/scores:
        cache: false
    outs:
    - reports/plots:
        cache: false
    - data/demo/history:
        cache: false
plots:
- data/demo/history:
    template: learning
    x: epoch
    y: [train_loss, validation_loss]
    y_label: loss (line = mean of the folds, band = their range)
    title: Learning curves
- reports/plots:
    template: confusion
    x: predicted
    y: truth
    title: Test folds together, by cine
"""

pytestmark = pytest.mark.slow


def run(*command: str, base: Path) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def dvc(*words: str, base: Path) -> Any:
    return json.loads(run(sys.executable, "-m", "dvc", *words, "--json", base=base))


def written(base: Path, *, skill: float) -> None:
    """Files of two arms as the stage evaluate writes them."""
    own = params()
    arms = [scored(name, own.arms[name], skill=skill) for name in ARMS]
    figures = metrics_of(arms, study=own.study, evaluate=own.evaluate, seed=own.seed)["arms"]
    for arm in arms:
        files = {
            f"reports/scores/{arm.name}.json": json.dumps(scores(figures[arm.name])),
            f"reports/plots/{arm.name}.csv": answers(arm).to_csv(index=False, lineterminator="\n"),
            f"data/demo/history/{arm.name}.csv": history().to_csv(index=False, lineterminator="\n"),
        }
        for name, content in files.items():
            write_bytes(base / name, content.encode())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose last commit holds one result, and its working tree another."""
    base = tmp_path_factory.mktemp("views")
    run("git", "init", "-q", base=base)
    run(sys.executable, "-m", "dvc", "init", "-q", base=base)
    shutil.copytree(ROOT / ".dvc" / "plots", base / ".dvc" / "plots")
    (base / "dvc.yaml").write_text(VIEWS)
    written(base, skill=1.0)
    run("git", "add", ".", base=base)
    run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one", base=base)
    written(base, skill=3.0)
    return base


def test_the_scores_of_every_arm_are_shown(study: Path) -> None:
    shown = dvc("metrics", "show", base=study)[""]["data"]
    expected = {f"reports/scores/{arm}.json" for arm in ARMS}
    assert set(shown) == expected
    assert shown["reports/scores/dual.json"]["data"].keys() >= {"patient_sensitivity_hcm", "patient_missed_disease"}


def test_a_difference_between_two_results_is_shown(study: Path) -> None:
    changed = dvc("metrics", "diff", base=study)["reports/scores/dual.json"]["accuracy"]
    assert changed["new"] - changed["old"] == pytest.approx(changed["diff"])
    assert changed["diff"] > 0


def test_learning_curves_and_confusion_are_plotted_for_every_arm(study: Path) -> None:
    shown = dvc("plots", "show", base=study)
    assert not shown.get("errors")
    assert set(shown["data"]) == {
        f"{folder}/{arm}.csv" for folder in ("data/demo/history", "reports/plots") for arm in ARMS
    }


def test_the_folds_of_a_curve_are_averaged(study: Path) -> None:
    drawn = dvc("plots", "show", base=study)["data"]["data/demo/history/dual.csv"][0]["content"]
    assert [layer["encoding"]["y"]["aggregate"] for layer in drawn["layer"]] == ["min", "mean"]
    assert {row["field"] for row in drawn["data"]["values"]} == {"train_loss", "validation_loss"}
