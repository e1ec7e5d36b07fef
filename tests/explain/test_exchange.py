"""Exchange of heart and background, on a model whose answer is known to come from either."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from cinemyo.explain.attention import Heart, disc
from cinemyo.explain.exchange import Kept, Pool, donors_of, exchanged, soft

SIDE = 24
CPU = torch.device("cpu")
CLASSES = ("normal", "hcm", "dcm")
HEART = disc(side=SIDE, centre=(11.5, 11.5), lv_radius_px=4, heart_radius_px=5)


class Reader(nn.Module):
    """Answers the class whose number is the gray level of one pixel, in tenths."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        self.place = row, column

    def forward(self, images: Tensor) -> Tensor:
        level = images[:, 0, self.place[0], self.place[1]]
        return -4000 * (level[:, None] - torch.tensor([0.0, 0.1, 0.2])) ** 2


def cines(count: int = 12) -> pd.DataFrame:
    """Two cines a patient, classes in turn of patients, views in turn of cines."""
    return pd.DataFrame(
        {
            "cine_id": [f"c{k}" for k in range(count)],
            "patient_id": [f"p{k // 2}" for k in range(count)],
            "digest": [f"{k:064x}" for k in range(count)],
            "view": [("short_axis", "four_chamber")[k % 2] for k in range(count)],
            "pathology": [CLASSES[k // 2 % 3] for k in range(count)],
        }
    ).set_index("cine_id")


def pool(count: int = 12) -> Pool:
    """Even images: the gray level is the number of the class, in tenths."""
    frame = cines(count)
    levels = torch.tensor([CLASSES.index(name) / 10 for name in frame["pathology"]])
    mask = soft((HEART,), pixel_mm=3.0, margin_mm=3.0, edge_mm=6.0)
    return Pool(frame, levels[:, None, None, None].expand(-1, 1, SIDE, SIDE), mask.expand(count, -1, -1, -1))


def donors(cine: str = "c0", *, frame: pd.DataFrame | None = None, count: int = 2, target: str = "pathology"):
    chosen = cines() if frame is None else frame
    names = CLASSES if target == "pathology" else ("short_axis", "four_chamber")
    return donors_of(cine, cines=chosen, classes=names, target=target, count=count, seed=1)


def kept(row: int, column: int) -> Kept:
    return exchanged(Reader(row, column), "c0", pool=pool(), donors=donors(), device=CPU)


def test_an_answer_of_the_heart_is_lost_with_the_heart() -> None:
    found = kept(11, 11)
    assert found.heart is not None
    assert found.background is not None
    assert found.heart == pytest.approx(found.whole)
    # the donors are of all three classes alike
    assert found.background == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


def test_an_answer_of_the_background_is_lost_with_the_background() -> None:
    found = kept(0, 0)
    assert found.background == pytest.approx(found.whole)
    assert found.heart == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


def test_classes_of_donors_count_alike_whatever_their_numbers() -> None:
    few = {"normal": [2], "hcm": [2, 3, 8, 9], "dcm": [4]}
    even = exchanged(Reader(11, 11), "c0", pool=pool(), donors={**few, "normal": [6]}, device=CPU)
    assert even.background == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


def test_without_donors_of_a_class_only_the_cine_itself_is_answered() -> None:
    found = exchanged(Reader(0, 0), "c0", pool=pool(), donors={"normal": [6], "hcm": [], "dcm": [4]}, device=CPU)
    assert (found.heart, found.background, found.donors) == (None, None, 0)
    assert found.whole.argmax() == 0


def test_donors_are_other_patients() -> None:
    frame = cines()
    own = frame.loc["c0", "patient_id"]
    assert all(frame["patient_id"].iloc[row] != own for rows in donors().values() for row in rows)


def test_every_class_gives_as_many_donors() -> None:
    assert {name: len(rows) for name, rows in donors(frame=cines(24), count=3).items()} == dict.fromkeys(CLASSES, 3)


def test_donors_of_the_same_view_come_first() -> None:
    frame = cines(24)
    found = [row for rows in donors(frame=frame).values() for row in rows]
    assert set(frame["view"].iloc[found]) == {frame.loc["c0", "view"]}


def test_other_views_stand_in_where_the_view_is_rare() -> None:
    assert len(donors(frame=cines(), count=3)["hcm"]) == 3


def test_for_a_view_each_class_has_its_own() -> None:
    frame = cines()
    found = donors(target="view")
    assert {name: set(frame["view"].iloc[rows]) for name, rows in found.items()} == {
        "short_axis": {"short_axis"},
        "four_chamber": {"four_chamber"},
    }


def test_a_cine_without_a_view_has_donors_too() -> None:
    frame = cines()
    frame["view"] = frame["view"].astype("str")
    frame.loc["c0", "view"] = None
    assert all(len(rows) == 2 for rows in donors(frame=frame).values())


def test_the_order_of_the_cines_changes_no_donor() -> None:
    frame = cines(24)
    turned = frame.iloc[::-1]
    one = {name: set(frame.index[rows]) for name, rows in donors(frame=frame).items()}
    other = {name: set(turned.index[rows]) for name, rows in donors(frame=turned).items()}
    assert one == other


def test_the_region_is_whole_on_the_heart_and_its_margin() -> None:
    mask = soft((HEART,), pixel_mm=3.0, margin_mm=3.0, edge_mm=6.0)[0].numpy()
    assert (mask[HEART.whole] == 1).all()
    assert mask[11, 17] == 1


def test_the_region_fades_over_its_edge() -> None:
    row = soft((HEART,), pixel_mm=1.0, margin_mm=1.0, edge_mm=4.0)[0, 11, 16:].numpy()
    assert row[:6].tolist() == pytest.approx([1.0, 1.0, 0.75, 0.5, 0.25, 0.0])


def test_a_heart_outside_the_crop_has_no_region() -> None:
    nothing = np.zeros((SIDE, SIDE), bool)
    away = Heart(nothing, nothing, (100.0, 100.0), "mask")
    assert float(soft((away,), pixel_mm=1.0, margin_mm=5.0, edge_mm=5.0).max()) == 0
