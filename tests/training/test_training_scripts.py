"""The scripts that training is compared with: the same losses, the arithmetic of the figures, and parts that resume."""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import gpu_table_2, training, training_material, training_ours, training_plain
from benchmarks.bank_accuracy import _called, cohort_of, crops_of, interval

COMPACT = {**training_material.values_of("backbone", "compact"), "train_from": "layer3"}
FIT = {**training_material.values_of("fit", "paper"), "epochs": 5, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Epochs of the plain script and of ours, without and with a bank: 64 cines, five epochs."""
    base = tmp_path_factory.mktemp("material")
    options = {"channels": [8, 8, 16, 16], "stem_width": 8}
    changes: dict[str, Any] = {"crop_px": 32, "augment": training_material.NONE}
    changes["head"] = {"pool": "average", "widths": [], "dropouts": [0.0]}
    found = {}
    for name, bank in {"plain": None, "ours": None, "bank": training.bank_of(1, storage="float32")}.items():
        (base / name).mkdir()
        arm = training_material.paper_arm(
            base / name, backbone={**COMPACT, "options": options}, fit={**FIT, "bank": bank}, **changes
        )
        training.store(base / name, arm=arm, cines=80, tested=16)
    with warnings.catch_warnings():
        # Lightning's advice on loaders
        warnings.simplefilter("ignore")
        found["plain"] = training_plain.run(base / "plain", workers=0)
    return found | {name: training_ours.run(base / name, fold=0) for name in ("ours", "bank")}


@pytest.mark.parametrize("name", ["plain", "bank"])
@pytest.mark.parametrize("figure", ["train_loss", "validation_loss", "train_accuracy", "validation_accuracy"])
def test_programs_agree_where_nothing_is_drawn(losses: dict[str, Any], name: str, figure: str) -> None:
    own = [row[figure] for row in losses["ours"]]
    assert len(own) == 5
    assert [row[figure] for row in losses[name]] == pytest.approx(own, rel=1e-4)


def test_the_losses_that_agree_do_fall(losses: dict[str, Any]) -> None:
    assert losses["ours"][-1]["train_loss"] < 0.97 * losses["ours"][0]["train_loss"]


def test_every_epoch_has_its_seconds(losses: dict[str, Any]) -> None:
    names = ("train_seconds", "validation_seconds")
    assert all(row[name] > 0 for rows in losses.values() for row in rows for name in names)


def test_a_fold_epoch_is_1000_cines_trained_on_and_200_watched() -> None:
    rows = [{"train_seconds": seconds, "validation_seconds": 1.0} for seconds in (99.0, 6.4, 6.4)]
    assert training.fold_epoch(rows) == pytest.approx({"train": 100, "validation": 6.25, "state": 0, "total": 106.25})


def test_folds_side_by_side_share_their_time() -> None:
    assert training._shared([{"total": 80.0}, {"total": 100.0}]) == {"total": 45.0}


def test_the_interval_of_a_difference_is_in_points_over_patients() -> None:
    one = np.zeros((5, 400))
    one[:, :4] = 1
    middle, low, high = interval(one)
    assert middle == pytest.approx(1.0)
    assert 0 < low < 1 < high < 2.5


def test_a_patient_is_called_by_the_mean_of_the_cines() -> None:
    shares = [("a", 0.9, 0.1), ("b", 0.4, 0.6), ("c", 0.3, 0.7)]
    rows = [{"cine_id": cine, "truth": "normal", "p_normal": p, "p_hcm": q, "p_dcm": 0.0} for cine, p, q in shares]
    assert _called(rows, {"a": "one", "b": "one", "c": "two"}) == [True, False]


def test_crops_of_phantoms_show_two_phases_of_a_heart() -> None:
    rows = list(crops_of(cohort_of(2, seed=5)))
    assert {row[0] for row in rows} == {"p00000", "p00001"}
    for _, pathology, _, pages in rows:
        assert pathology in {"normal", "hcm", "dcm"}
        assert pages.shape == (2, 48, 48)
        # blood in the middle is bright, and there is less of it in systole
        assert (pages[0] > 120).sum() > (pages[1] > 120).sum() * 0.9


def test_a_part_that_is_done_is_not_made_again(tmp_path: Path) -> None:
    run = gpu_table_2.Run(tmp_path, gpu_table_2.small(), time.monotonic() + 60)
    run.keep("peak", {"tflops": 1.0})
    run.short("peak", lambda: pytest.fail("made again"))
    assert run.done("peak") == {"tflops": 1.0}


def test_a_long_part_is_stopped_at_its_time_and_its_seconds_add_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    run = gpu_table_2.Run(tmp_path, gpu_table_2.small(), time.monotonic())
    for _ in range(2):
        with pytest.raises(gpu_table_2.Unfinished):
            run.long("arm", command)
    assert (run.done("arm.spent") or {})["seconds"] >= 2
    gpu_table_2.Run(tmp_path, gpu_table_2.small(), time.monotonic() + 60).long("arm", [sys.executable, "-c", ""])
    assert (run.done("arm") or {})["seconds"] >= 2


@pytest.mark.slow
def test_the_script_of_the_gpu_runs_small_on_a_cpu(tmp_path: Path) -> None:
    run = gpu_table_2.Run(tmp_path, gpu_table_2.small(), time.monotonic() + 300)
    size, folder = run.size, tmp_path / "work"
    run.keep("peak", gpu_table_2.peak(size))
    run.keep("throughput_compact", gpu_table_2.throughput(size, backbone="compact", folder=folder))
    rates = run.done("throughput_compact") or {}
    assert 0 < rates["with_bank"]["gflop_a_sample"] < rates["without_bank"]["gflop_a_sample"]
    for name in ("diastole", "both"):
        run.keep(f"plain_{name}", {"epoch_seconds": 1.0})
    for target, name in gpu_table_2.arms():
        here = folder / f"{target}_{name}"
        if name == "both":
            gpu_table_2.table_2_arm(size, target=target, phases=gpu_table_2.INPUTS[name], folder=here)
            assert len(list(here.glob("work/*/finished.safetensors"))) == size.folds
        run.keep(f"table_2_{target}_{name}", {"seconds": 2.0})
    figures = gpu_table_2.figures_of(run)
    assert figures["table_2_minutes"] == pytest.approx(0.2)
    # 2 folds, 2 epochs, 2 targets, two single inputs and one of both
    assert figures["plain_table_2_minutes"] == pytest.approx(2 * 2 * 2 * 3 / 60)
    gpu_table_2.tell(figures)
    assert json.dumps(figures)
