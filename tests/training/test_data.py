"""Crops, classes and batches."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from cinemyo import tables
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.training.augment import keys_of
from cinemyo.training.data import (
    Batch,
    ImageInput,
    InOrder,
    Samples,
    Shuffled,
    hidden,
    load_crops,
    read_inputs,
    targets_of,
)
from tests.training import study, tiny


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"))


def test_crops_are_at_the_arm_s_phases_around_the_centre(layout: Layout) -> None:
    cine = study.cine_ids(layout)[0]
    crops = load_crops(layout, arm=tiny.arm(crop_px=8), cine_ids=[cine])
    assert crops.shape == (1, 2, 8, 8)
    assert crops.dtype == torch.uint8
    assert [int(crops[0, phase, 4, 4]) for phase in (0, 1)] == [200, 100]


def test_one_phase_is_an_axis_of_length_one(layout: Layout) -> None:
    crops = load_crops(layout, arm=tiny.arm(phases=("systole",), crop_px=8), cine_ids=study.cine_ids(layout)[:3])
    assert crops.shape == (3, 1, 8, 8)
    assert int(crops[0, 0, 4, 4]) == 100


def test_without_a_crop_the_whole_canvas_is_taken(layout: Layout) -> None:
    crops = load_crops(layout, arm=tiny.arm(crop_px=None), cine_ids=study.cine_ids(layout)[:1])
    assert crops.shape == (1, 2, study.CANVAS, study.CANVAS)


def test_an_arm_that_hides_the_heart_sees_the_canvas_black_around_its_middle(layout: Layout) -> None:
    cine = study.cine_ids(layout)[:1]
    whole = load_crops(layout, arm=tiny.arm(crop_px=None), cine_ids=cine)
    rest = load_crops(layout, arm=tiny.arm(crop_px=None, hidden_radius_px=10), cine_ids=cine)
    rows, columns = np.indices((study.CANVAS, study.CANVAS)) - (study.CANVAS - 1) / 2
    inside = torch.from_numpy(np.hypot(rows, columns) <= 10)
    assert int(whole[..., inside].max()) == 200
    assert int(rest[..., inside].max()) == 0
    assert torch.equal(rest[..., ~inside], whole[..., ~inside])


@pytest.mark.parametrize("side", [47, 48])
def test_what_is_hidden_is_the_same_from_every_side(side: int) -> None:
    rest = hidden(np.full((1, side, side), 9, np.uint8), radius_px=12)[0]
    assert np.array_equal(rest, rest.T)
    assert np.array_equal(rest, rest[::-1])
    assert (rest == 0).sum() == pytest.approx(np.pi * 12**2, rel=0.03)


def test_permuted_labels_keep_every_patient_in_one_class_and_the_classes_as_frequent(layout: Layout) -> None:
    given = read_inputs(layout, arm=tiny.arm(crop_px=8), seed=7, links=None)
    other = read_inputs(layout, arm=tiny.arm(crop_px=8, labels="permuted"), seed=7, links=None)
    owner = given.cines.set_index("cine_id")["patient_id"][list(given.samples.cine_ids)]
    frame = pd.DataFrame({"patient": owner.to_numpy(), "given": given.samples.targets, "own": other.samples.targets})
    patients = frame.groupby("patient")
    assert (patients["own"].nunique() == 1).all()
    assert (frame["own"] != frame["given"]).mean() > 0.4


def test_permuted_labels_hang_on_the_seed(layout: Layout) -> None:
    arm = tiny.arm(crop_px=8, labels="permuted")
    one, again, other = (read_inputs(layout, arm=arm, seed=seed, links=None).samples.targets for seed in (7, 7, 8))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_no_cines_give_no_crops(layout: Layout) -> None:
    assert load_crops(layout, arm=tiny.arm(), cine_ids=[]).shape == (0, 2, tiny.SIDE, tiny.SIDE)


def test_a_cine_that_was_not_prepared_is_refused(layout: Layout) -> None:
    with pytest.raises(TableError, match="1 absent"):
        load_crops(layout, arm=tiny.arm(), cine_ids=["c-" + "a" * 16])


def test_samples_leave_out_the_holdout_and_what_preparation_excluded(layout: Layout) -> None:
    inputs = read_inputs(layout, arm=tiny.arm(crop_px=8), seed=7, links=None)
    honest = inputs.folds[inputs.folds["scheme"] == "honest"]
    held = set(honest["cine_id"][honest["part"] == "holdout"])
    assert held
    assert set(inputs.samples.cine_ids) == set(honest["cine_id"]) - held - {study.excluded(layout)}


def test_classes_are_numbered_in_the_order_of_the_labels(layout: Layout) -> None:
    labels = tables.read(layout.labels, table=tables.LABELS)
    ids = list(labels["cine_id"])
    numbers = targets_of(labels, ids, arm=tiny.arm())
    names = ["normal", "hcm", "dcm"]
    assert [names[number] for number in numbers if number >= 0] == list(labels["pathology"].dropna())


def test_a_cine_without_a_label_has_no_class(layout: Layout) -> None:
    labels = tables.read(layout.labels, table=tables.LABELS)
    labels.loc[0, "pathology"] = None
    assert targets_of(labels, [labels["cine_id"][0], "unknown"], arm=tiny.arm()).tolist() == [-1, -1]


def test_labelled_positions_skip_cines_without_a_class() -> None:
    samples = tiny.samples(6, of=tiny.arm())
    samples.targets[2] = -1
    assert samples.labelled(samples.cine_ids).tolist() == [0, 1, 3, 4, 5]


def test_samples_travel_to_another_process_unchanged() -> None:
    samples = tiny.samples(6, of=tiny.arm())
    again: Samples = pickle.loads(pickle.dumps(samples))
    assert torch.equal(again.images, samples.images)
    assert again.cine_ids == samples.cine_ids


def batches(count: int, *, epoch: int = 0, size: int = 8) -> Shuffled:
    keys = keys_of([str(number) for number in range(count)], seed=1)
    return Shuffled(torch.arange(100, 100 + count), keys, tiny.arm().augment, size, lambda: epoch)


def order(of: Shuffled) -> list[int]:
    return torch.cat([batch.positions for batch in of]).tolist()


def test_every_cine_comes_once_per_epoch() -> None:
    assert sorted(order(batches(21))) == list(range(100, 121))


def test_batch_sizes_differ_by_one_at_most() -> None:
    assert [len(batch.positions) for batch in batches(17)] == [6, 6, 5]
    assert len(batches(17)) == 3


def test_epochs_have_orders_of_their_own() -> None:
    assert order(batches(21)) != order(batches(21, epoch=1))


def test_a_removed_cine_leaves_the_others_in_order() -> None:
    whole, fewer = batches(21), batches(20)
    assert [position for position in order(whole) if position != 120] == order(fewer)


def test_where_nothing_is_learnt_cines_come_in_order() -> None:
    assert [chunk.tolist() for chunk in InOrder(torch.arange(5), 2)] == [[0, 1], [2, 3], [4]]
    assert len(InOrder(torch.arange(5), 2)) == 3


def test_an_image_input_moves_what_it_gives_for_training_alone() -> None:
    samples = tiny.samples(6, of=tiny.arm())
    source = ImageInput(samples.images, augment=tiny.arm().augment)
    batch: Batch = next(iter(batches(6)))
    here = batch._replace(positions=batch.positions - 100)
    plain = source.plain(here.positions)
    assert np.allclose(plain.numpy() * 255, samples.images[here.positions].numpy())
    assert not torch.equal(source(here), plain)


def test_an_absent_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no file"):
        read_inputs(Layout("tiny", tmp_path), arm=tiny.arm(), seed=7, links=None)
