"""The judge itself: each way in which a reader can be wrong is noticed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cinemyo.sources.base import Cine, Exclusion
from tests.fuzz import bases
from tests.fuzz.case import Case, finished, lay
from tests.fuzz.draft import Draft
from tests.fuzz.frames import DefectError
from tests.fuzz.oracle import judge, read_all

Items = list[Cine | Exclusion]


def laid(name: str, root: Path) -> tuple[Case, Items]:
    case = finished(Draft(bases.base(name)))
    root.mkdir()
    lay(case, root)
    return case, read_all(case, root) or []


def cine(items: Items) -> Cine:
    return next(item for item in items if isinstance(item, Cine))


def repeated(one: Cine) -> Cine:
    frames = one.frames.copy()
    frames[3] = frames[2]
    return replace(one, frames=frames)


def between(one: Cine) -> Cine:
    frames = one.frames.copy()
    frames[3] = (frames[2] + frames[4]) / 2
    return replace(one, frames=frames)


def one_more(one: Cine) -> Cine:
    return replace(one, frames=np.concatenate([one.frames, one.frames[:1]]))


def turned(one: Cine) -> Cine:
    return replace(one, frames=one.frames[::-1].copy())


def stretched(one: Cine) -> Cine:
    return replace(one, row_spacing_mm=one.row_spacing_mm * 1.01)


def late(one: Cine) -> Cine:
    return replace(one, trigger_ms=tuple(time + 1 for time in one.trigger_ms or ()))


def named(one: Cine) -> Cine:
    return replace(one, scanner=f"d-{bases.CANARY}")


@pytest.mark.parametrize("name", ["explicit", "rich", "rle", "sunnybrook"])
@pytest.mark.parametrize("wrong", [repeated, between, one_more, turned, stretched, named])
def test_a_wrong_cine_is_noticed(name: str, wrong: Callable[[Cine], Cine], tmp_path: Path) -> None:
    real = [real for real in bases.real_names() if real.startswith(name)]
    if name not in bases.PHANTOMS and not real:
        pytest.skip("real data is absent: shared/data/sunnybrook")
    case, items = laid(real[0] if real else name, tmp_path / "root")
    judge(case, tmp_path / "root", items)
    with pytest.raises(DefectError):
        judge(case, tmp_path / "root", [wrong(cine(items)), *(item for item in items if isinstance(item, Exclusion))])


def test_other_times_are_noticed(tmp_path: Path) -> None:
    case, items = laid("explicit", tmp_path / "root")
    with pytest.raises(DefectError, match="times"):
        judge(case, tmp_path / "root", [late(cine(items))])


def test_a_lost_file_is_noticed(tmp_path: Path) -> None:
    case, items = laid("mixed_stack", tmp_path / "root")
    with pytest.raises(DefectError, match="lost"):
        judge(case, tmp_path / "root", [item for item in items if isinstance(item, Cine)])


def test_a_file_counted_twice_is_noticed(tmp_path: Path) -> None:
    case, items = laid("explicit", tmp_path / "root")
    files = cine(items).files[:1]
    with pytest.raises(DefectError, match="twice"):
        judge(case, tmp_path / "root", [*items, Exclusion("x", "file", "truncated", "cut short", None, files)])


def test_a_word_of_an_identity_is_noticed(tmp_path: Path) -> None:
    case, items = laid("explicit", tmp_path / "root")
    with pytest.raises(DefectError, match="identity"):
        judge(case, tmp_path / "root", [*items, Exclusion("x", "file", "truncated", f"{bases.CANARY}^Ada", None)])


def test_a_slice_of_a_stack_under_another_number_is_noticed(tmp_path: Path) -> None:
    case, items = laid("acdc_series", tmp_path / "root")
    with pytest.raises(DefectError, match="values"):
        judge(case, tmp_path / "root", [replace(cine(items), slice_number=2), *items[1:]])
