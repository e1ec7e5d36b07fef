"""The drawing of the flow: everything fits, nothing overlaps, nothing is too small."""

from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.figures import TEXT
from cinemyo.record.figures_flow import alt_text, counted, flow_figure, steps_of, svg
from cinemyo.record.flow import Flow, Units, flow_of

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def flow(tiny: STUDY) -> Flow:
    params, layout = tiny
    return flow_of(params, layout=layout)


@pytest.fixture(scope="module")
def crowded(flow: Flow) -> Flow:
    """A large study in which much went wrong."""
    codes = {f"unsupported_transfer_syntax_{index}": 1000 + index for index in range(20)}
    many = Units(5340, 12000)
    lost = {"standard": {"heart_off_the_image": 312, "too_small": 7}, "raw": {"heart_off_the_image": 312}}
    return replace(
        flow,
        files_excluded=codes,
        unlabelled=many,
        found=many,
        labelled=many,
        prepared={"standard": 11681, "raw": 11688},
        unprepared=lost,
        parts={"train": many, "validation": many, "test": many},
        analysed=many,
        unanswered=many,
        analysed_by_class=dict.fromkeys(("normal", "hcm", "dcm"), many),
        scheme="paper_holdout",
        arm="systole_with_a_long_name",
    )


@pytest.fixture(scope="module", params=["small", "large"])
def figure(request: pytest.FixtureRequest, flow: Flow, crowded: Flow) -> Figure:
    note = "Synthetic phantoms; a check of the pipeline, no statement about patients " * 2
    return flow_figure(flow if request.param == "small" else crowded, note=note)


def boxes(figure: Figure) -> list[Bbox]:
    return [patch.get_window_extent() for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def texts(figure: Figure) -> list[Bbox]:
    canvas = FigureCanvasAgg(figure)
    drawn = [text for text in figure.axes[0].texts if not isinstance(text, Annotation)]
    return [text.get_window_extent(canvas.get_renderer()) for text in drawn]


def test_no_box_touches_another(figure: Figure) -> None:
    assert not [pair for pair in combinations(boxes(figure), 2) if pair[0].overlaps(pair[1])]


def test_every_line_lies_in_a_box_or_below_them(figure: Figure) -> None:
    lowest = min(box.y0 for box in boxes(figure))
    for line in texts(figure):
        inside = any(
            box.x0 <= line.x0 and line.x1 <= box.x1 and box.y0 <= line.y0 and line.y1 <= box.y1 for box in boxes(figure)
        )
        assert inside or line.y1 <= lowest


def test_no_line_overlaps_another(figure: Figure) -> None:
    # the extent of a text holds the room of letters that go below the line: a tenth of it may be shared
    for one, other in combinations(texts(figure), 2):
        shared = Bbox.intersection(one, other)
        assert shared is None or shared.height < 0.2 * min(one.height, other.height)


def test_everything_is_on_the_page(figure: Figure) -> None:
    for box in [*boxes(figure), *texts(figure)]:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_it_fits_a_printed_page(figure: Figure) -> None:
    assert (figure.get_figwidth() <= 7.3, figure.get_figheight() <= 10.5) == (True, True)


def test_no_text_is_small(figure: Figure) -> None:
    assert min(text.get_fontsize() for text in figure.axes[0].texts if text.get_text()) >= TEXT


def test_the_same_flow_gives_the_same_bytes(flow: Flow) -> None:
    assert svg(flow_figure(flow, note="x")) == svg(flow_figure(flow, note="x"))


def test_the_svg_holds_no_time_and_no_software(flow: Flow) -> None:
    text = svg(flow_figure(flow, note="")).decode()
    assert "<dc:date>" not in text
    assert "<dc:creator>" not in text


def test_codes_beyond_a_dozen_are_summed(crowded: Flow) -> None:
    leaves = steps_of(crowded)[0].leaves
    assert leaves[-1] == f"9 other codes: {sum(range(1011, 1020))}"


def test_the_counts_are_told_to_who_does_not_see(flow: Flow) -> None:
    told = alt_text(flow)
    assert "Files found: 39" in told
    assert "left out: Files excluded, by code: 3; scout: 3" in told
    assert "Hold-out: 2 cines of 1 patient" in told


def test_one_is_said_in_the_singular() -> None:
    assert counted(Units(1, 1)) == "1 cine of 1 patient"
