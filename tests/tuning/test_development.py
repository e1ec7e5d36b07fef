"""What a search may see: neither the hold-out nor the reserved part, in any table or image."""

from pathlib import Path

import pytest

from cinemyo import tables
from cinemyo.config import Split
from cinemyo.errors import ConfigError, SplitError
from cinemyo.layout import Layout
from cinemyo.tuning.development import InnerSplit, digest, read_basis, read_samples
from tests.training import study
from tests.tuning import tiny


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"))


def away(layout: Layout, *, reserved: int = 0) -> set[str]:
    """The cines of the hold-out and of the reserved part."""
    folds = tables.read(layout.folds, table=tables.FOLDS)
    own = folds[folds["scheme"] == "honest"]
    return set(own["cine_id"][own["part"].isin(["holdout", str(reserved)])])


def test_no_table_of_the_basis_has_a_row_of_the_parts_kept_away(layout: Layout) -> None:
    basis = read_basis(layout, reserved=1, folds=None)
    for frame in (basis.folds, basis.cines, basis.labels):
        assert not set(frame["cine_id"]) & away(layout, reserved=1)


def test_samples_are_of_the_basis_alone(layout: Layout) -> None:
    basis = read_basis(layout, reserved=0, folds=None)
    assert set(read_samples(layout, basis=basis, arm=tiny.arm()).cine_ids) == set(basis.folds["cine_id"]) - {
        study.excluded(layout)
    }


def test_canvases_of_the_parts_kept_away_need_not_exist(tmp_path: Path) -> None:
    layout = study.write(tmp_path)
    basis = read_basis(layout, reserved=0, folds=None)
    before = read_samples(layout, basis=basis, arm=tiny.arm())
    for cine in away(layout):
        (layout.prepared("coarse") / f"{cine}.tif").unlink()
    assert read_samples(layout, basis=basis, arm=tiny.arm()).images.equal(before.images)


def test_each_part_but_the_reserved_one_validates_once(layout: Layout) -> None:
    splits = read_basis(layout, reserved=1, folds=None).splits
    assert [split.fold for split in splits] == [0, 2]
    assert not set(splits[0].validation) & set(splits[1].validation)
    assert set(splits[0].train) == set(splits[1].validation)


def test_fewer_inner_folds_train_on_the_same_parts(layout: Layout) -> None:
    basis = read_basis(layout, reserved=0, folds=1)
    assert (basis.parts, basis.validated) == ((1, 2), (1,))


def test_a_split_of_a_search_has_no_test_side(layout: Layout) -> None:
    split = read_basis(layout, reserved=0, folds=None).splits[0]
    with pytest.raises(SplitError, match="no test side"):
        InnerSplit("honest", 1, split.train, split.validation[1:], split.validation[:1], split.patients, split.digests)


def test_a_split_of_a_search_cannot_leak(layout: Layout) -> None:
    split = read_basis(layout, reserved=0, folds=None).splits[0]
    with pytest.raises(SplitError, match="in both train and validation"):
        InnerSplit("honest", 1, split.train, split.train[:1], (), split.patients, split.digests)


def test_the_digest_does_not_hang_on_the_parts_kept_away(tmp_path: Path) -> None:
    layout = study.write(tmp_path)
    basis = read_basis(layout, reserved=0, folds=None)
    before = digest(layout, basis=basis, recipe="coarse")
    for cine in away(layout):
        (layout.prepared("coarse") / f"{cine}.tif").write_bytes(b"another")
    assert digest(layout, basis=basis, recipe="coarse") == before


def test_the_digest_hangs_on_the_canvases_of_the_basis(tmp_path: Path) -> None:
    layout = study.write(tmp_path)
    basis = read_basis(layout, reserved=0, folds=None)
    before = digest(layout, basis=basis, recipe="coarse")
    cine = next(iter(set(study.cine_ids(layout)) - away(layout)))
    (layout.prepared("coarse") / f"{cine}.tif").write_bytes(b"another")
    assert digest(layout, basis=basis, recipe="coarse") != before


@pytest.mark.parametrize(("reserved", "folds"), [(3, None), (0, 3)])
def test_parts_that_are_not_there_are_refused(layout: Layout, reserved: int, folds: int | None) -> None:
    with pytest.raises(ConfigError, match="two parts or more beside the reserved one"):
        read_basis(layout, reserved=reserved, folds=folds)


def test_a_study_split_as_in_the_paper_is_not_tuned_on(tmp_path: Path) -> None:
    layout = study.write(tmp_path, split=Split(protocol="paper", folds=3, holdout_share=0, links=None))
    with pytest.raises(ConfigError, match=r"split.protocol is honest"):
        read_basis(layout, reserved=0, folds=None)


def test_a_study_without_tables_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make repro"):
        read_basis(Layout("absent", tmp_path), reserved=0, folds=None)
