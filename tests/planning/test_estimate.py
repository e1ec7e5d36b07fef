"""Estimates from counts and costs, in figures that can be checked by hand."""

from dataclasses import replace

import pytest

from cinemyo import config
from cinemyo.config import Params
from cinemyo.planning.arms import FitCost
from cinemyo.planning.cohort import Cohort
from cinemyo.planning.estimate import Costs, Estimate, estimates
from cinemyo.planning.images import ImageCost
from cinemyo.planning.light import LightCost
from cinemyo.planning.machine import Machine
from tests.tiny_study import params_values

MACHINE = Machine(cores=2, workers=1, memory=8 << 30, disk=10 << 30, device="cpu", device_memory=8 << 30)
COHORT = Cohort(patients=50, cines=100, frames=2000, pixels=2000 * 160 * 160, told_by="test")
FIT = FitCost(
    start=2.0,
    per_kept=0.1,
    per_step=1.0,
    per_epoch=0.5,
    per_answer=0.25,
    per_heat=0.5,
    memory=1 << 30,
    model=1 << 20,
    kept=1000,
)
IMAGES = ImageCost(
    generate=0.1,
    ingest=0.05,
    locate=0.2,
    prepare={"coarse": 0.3},
    source_bytes=2e6,
    ingested_bytes=1e6,
    prepared_bytes={"coarse": 2e5},
)
LIGHT = LightCost(
    start=3.0,
    torch_start=10.0,
    explained=0.01,
    drawn=0.5,
    put_off=0.01,
    leakage=0.1,
    evaluated_arm=4.0,
    evaluated_cine=0.01,
    recorded=2.0,
    other=1.0,
)


@pytest.fixture(scope="module")
def params() -> Params:
    return config.parse(params_values(), where="test")


def of(stage: str, *, params: Params, machine: Machine = MACHINE, done: tuple[str, ...] = ()) -> Estimate:
    arms = dict.fromkeys(params.arms, FIT)
    costs = Costs(IMAGES, arms, LIGHT)
    (row,) = estimates([stage], params=params, cohort=COHORT, machine=machine, costs=costs, done=done)
    return row


def test_images_cost_by_cine_and_the_start_of_a_stage(params: Params) -> None:
    found = {name: of(name, params=params).seconds for name in ("ingest", "locate", "prepare@coarse")}
    assert found == pytest.approx({"ingest": 8.0, "locate": 23.0, "prepare@coarse": 33.0})


def test_outputs_lie_in_the_workspace_and_in_the_cache(params: Params) -> None:
    assert of("ingest", params=params).disk == 200_000_000


def test_a_fit_is_its_steps_answers_and_epochs_for_each_fold(params: Params) -> None:
    # 80 of 100 cines in three folds: 26.67 learnt, 26.67 watched; batches of 8, two epochs
    part = 80 / 3
    epoch = part / 8 * 1.0 + part * 0.25 + 0.5
    fold = 2.0 + 2 * epoch + 2 * part * 0.25
    assert of("train@dual", params=params).seconds == pytest.approx(10 + 3 * fold)


def test_folds_side_by_side_take_rounds(params: Params) -> None:
    one = of("train@dual", params=params).seconds - 10
    two = of("train@dual", params=params, machine=replace(MACHINE, workers=2)).seconds - 10
    assert two == pytest.approx(one * 2 / 3)


def test_each_process_of_a_fit_holds_its_own_memory(params: Params) -> None:
    one = of("train@dual", params=params).memory
    assert of("train@dual", params=params, machine=replace(MACHINE, workers=2)).memory == 2 * one > 2 << 30


def test_what_is_done_takes_nothing(params: Params) -> None:
    assert of("ingest", params=params, done=("ingest",)) == Estimate("ingest", 0.0, 0, 0, skipped=True)


def test_twice_the_epochs_take_twice_the_steps(params: Params) -> None:
    values = params_values()
    values["arms"]["dual"]["fit"]["epochs"] = 4
    longer = config.parse(values, where="test")
    more = of("train@dual", params=longer).seconds - of("train@dual", params=params).seconds
    part = 80 / 3
    assert more == pytest.approx(3 * 2 * (part / 8 + part * 0.25 + 0.5))


def with_bank(*, draws: int, weights: object) -> Params:
    values = params_values()
    arm = values["arms"]["dual"]
    arm["fit"]["bank"] = {"draws": draws, "storage": "float16", "budget_gib": 1.0}
    arm["backbone"] |= {"weights": weights, "train_from": "layer3", "mean": 0.5, "std": 0.5}
    return config.parse(values, where="test")


@pytest.mark.parametrize(("draws", "asked"), [(1, 1), (9, 2)])
def test_a_bank_is_made_once_for_an_arm_with_no_more_draws_than_epochs(draws: int, asked: int) -> None:
    # as above, but what is watched goes through the trained blocks alone
    part = 80 / 3
    epoch = part / 8 * 1.0 + part / 8 / 3 + 0.5
    fold = 2.0 + 2 * epoch + 2 * part * 0.25
    found = of("train@dual", params=with_bank(draws=draws, weights="imagenet"))
    assert found.seconds == pytest.approx(10 + 3 * fold + 80 * (1 + asked) * 0.1)
    assert found.passing == 80 * (1 + asked) * 1000


def test_a_network_from_scratch_makes_a_bank_in_every_fold() -> None:
    shared, own = (of("train@dual", params=with_bank(draws=1, weights=weights)) for weights in ("imagenet", "none"))
    assert own.passing == 3 * shared.passing
    assert own.seconds - shared.seconds == pytest.approx(2 * 80 * 2 * 0.1)


def test_an_arm_without_a_bank_writes_nothing_that_it_removes(params: Params) -> None:
    assert of("train@dual", params=params).passing == 0


@pytest.mark.parametrize("stage", ["phantom@demo", "explain@dual", "robustness@dual", "leakage", "evaluate", "record"])
def test_every_kind_of_stage_has_a_time_and_a_memory(params: Params, stage: str) -> None:
    found = of(stage, params=params)
    assert found.seconds > LIGHT.start
    assert found.memory > 100 << 20


def test_a_stage_without_a_rule_of_its_own_costs_little(params: Params) -> None:
    assert of("label", params=params).seconds == 4.0
