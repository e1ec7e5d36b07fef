"""When a trial ends early."""

import math

import pytest

from cinemyo.tuning.pruning import Peer, doomed, kept_value, points
from cinemyo.tuning.space import Pruning
from tests.training import tiny

RULE = Pruning(peers=3, warm_up=0.5)
PEERS = [Peer(1.0, ((0.5, share), (1.0, share), (1.5, share))) for share in (0.5, 0.6, 0.7)]
HISTORY = [
    {"validation_accuracy": 0.4, "validation_loss": 1.0},
    {"validation_accuracy": 0.5, "validation_loss": 0.8},
    {"validation_accuracy": 0.6, "validation_loss": 0.9},
    {"validation_accuracy": None, "validation_loss": 2.0},
]


def judged(value: float, *, work: float = 1.0, cost: float = 1.0, peers: list[Peer] = PEERS) -> bool:
    return doomed([(work, value)], cost=cost, peers=peers, pruning=RULE, objective="accuracy")


def test_below_the_median_a_trial_ends() -> None:
    assert judged(0.59)


def test_at_the_median_it_goes_on() -> None:
    assert not judged(0.6)


def test_of_a_loss_the_larger_is_worse() -> None:
    assert doomed([(1.0, 0.61)], cost=1, peers=PEERS, pruning=RULE, objective="nll")
    assert not doomed([(1.0, 0.59)], cost=1, peers=PEERS, pruning=RULE, objective="nll")


def test_nothing_ends_while_it_warms_up() -> None:
    assert not judged(0.1, work=0.5)


def test_a_cheaper_trial_is_not_judged_by_dearer_ones() -> None:
    assert not judged(0.1, cost=0.9)


def test_too_few_peers_judge_nobody() -> None:
    assert not judged(0.1, peers=PEERS[:2])


def test_peers_are_read_at_the_same_share_of_work() -> None:
    late = [Peer(1.0, ((0.25, 0.2), (1.0, 0.9)))] * 3
    assert not judged(0.3, work=0.75, peers=late)
    assert judged(0.3, work=1.0, peers=late)


def test_an_epoch_counts_as_a_share_of_its_fold() -> None:
    fit = tiny.arm(fit={"epochs": 4}).fit
    assert points([0.9], history=HISTORY[:2], fit=fit, objective="accuracy") == ((1.25, 0.65), (1.5, 0.7))


def test_the_kept_epoch_is_the_one_with_the_lowest_loss() -> None:
    fit = tiny.arm(fit={"select": "best_validation"}).fit
    assert kept_value(HISTORY, fit=fit, objective="accuracy") == pytest.approx(0.5)


def test_a_fold_without_answers_has_no_figure() -> None:
    assert math.isnan(kept_value(HISTORY, fit=tiny.arm().fit, objective="accuracy"))
