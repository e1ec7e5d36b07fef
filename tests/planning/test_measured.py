"""The short measurements behind a plan: positive, shared by arms that cost the same, and larger for what is larger."""

import pytest

from cinemyo import config
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
