"""The short measurements behind a plan: positive, shared by arms that cost the same, and larger for what is larger."""

import pytest

from cinemyo import config
from cinemyo.planning import arms
from cinemyo.planning.arms import alike, fit_cost
from cinemyo.planning.cohort import Cohort
from cinemyo.planning.images import image_cost
from cinemyo.planning.light import speed
from cinemyo.planning.machine import this_machine
from tests.tiny_study import params_values
from tests.training import tiny


def test_a_fit_costs_time_and_memory_and_leaves_a_model() -> None:
    found = fit_cost(tiny.arm(), side=tiny.SIDE)
    assert found.per_step > 0
    assert found.per_answer > 0
    assert found.per_heat > 0
    assert found.memory > 100 << 20
    assert 10_000 < found.model < 200_000


def told(seconds: dict[tuple[int, int], list[float]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that are not run: those of so many cines and epochs take these seconds in turn, all others one second."""

    def taken(_arm: object, *, side: int, cines: int, epochs: int, work: object) -> tuple[float, int]:
        left = seconds.get((cines, epochs), [1.0])
        return left.pop(0) if len(left) > 1 else left[0], 1000

    monkeypatch.setattr(arms, "_seconds", taken)


def test_steps_and_epochs_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    # batches of 8: a start of 10 s, 2 s a step, 3 s beside the steps of an epoch
    monkeypatch.setattr(arms, "_SLOW_S", 60.0)
    told({(8, 1): [15.0], (8, 3): [25.0], (24, 1): [19.0], (24, 3): [37.0]}, monkeypatch)
    found = fit_cost(tiny.arm(), side=tiny.SIDE)
    assert (found.start, found.per_step, found.per_epoch) == pytest.approx((10.0, 2.0, 3.0))


def test_a_short_fit_is_the_best_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    # undisturbed, a start of 0.1 s, 0.02 s a step, 0.03 s beside them; the first fit of a batch is the one of its model
    one = [9.0, 0.5, 0.5, 0.15]
    told({(8, 1): one, (8, 3): [0.6, 0.25, 0.3], (24, 1): [0.9, 0.19, 0.3], (24, 3): [0.7, 0.5, 0.37]}, monkeypatch)
    monkeypatch.setattr(arms, "_SLOW_S", 60.0)
    found = fit_cost(tiny.arm(), side=tiny.SIDE)
    assert (found.start, found.per_step, found.per_epoch) == pytest.approx((0.1, 0.02, 0.03))


def test_a_step_lost_in_noise_is_bounded_by_the_longest_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    told({(8, 1): [1.0], (8, 3): [1.3], (24, 1): [1.1], (24, 3): [1.35]}, monkeypatch)
    found = fit_cost(tiny.arm(), side=tiny.SIDE)
    assert found.per_step == pytest.approx(1.35 / 9)
    assert found.per_epoch == pytest.approx(0.0)


def test_a_bank_costs_time_and_bytes_by_cine_and_draw() -> None:
    backbone = {"train_from": "layer3", "mean": 0.5, "std": 0.5}
    bank = {"draws": 3, "storage": "float16", "budget_gib": 1.0}
    found = fit_cost(tiny.arm(backbone=backbone, fit={"bank": bank}), side=tiny.SIDE)
    # two phases of 8 channels on a grid of 4 x 4, in 16 bit
    assert found.kept == 2 * 8 * 4 * 4 * 2
    assert found.per_kept >= 0


def test_arms_that_differ_in_rate_and_epochs_are_measured_once() -> None:
    one, other = tiny.arm(), tiny.arm(fit={"epochs": 9, "learning_rate": 0.5}, target="view")
    assert alike(one, side=32) == alike(other, side=32)


@pytest.mark.parametrize("changes", [{"phases": ["systole"]}, {"fit": {"batch_size": 4}}, {"head": {"widths": [8]}}])
def test_arms_that_compute_something_else_are_measured_apart(changes: dict[str, object]) -> None:
    assert alike(tiny.arm(), side=32) != alike(tiny.arm(**changes), side=32)


def test_images_cost_time_and_bytes_by_recipe() -> None:
    params = config.parse(params_values(), where="test")
    found = image_cost(params, cohort=Cohort(10, 20, 160, 160 * 64 * 64, "test"))
    assert min(found.generate, found.ingest, found.locate, found.prepare["coarse"]) > 0
    assert found.ingested_bytes >= 8 * 64 * 64
    assert found.prepared_bytes["coarse"] > 1000


def test_the_speed_of_this_machine_is_a_positive_number() -> None:
    assert 0.01 < speed() < 100


def test_this_machine_has_memory_and_disk() -> None:
    found = this_machine()
    assert min(found.cores, found.workers, found.memory, found.disk) > 0
