"""The report: complete, escaped, self-contained, and the same twice."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.report.cohort import Grid, balances, cohort, exclusions, labelled_cines, split
from cinemyo.record.report.page import build, embedded, lineage, paper_tables, pictures, short
from cinemyo.record.report.results import interval, number, spread

STUDY = tuple[Params, Layout]
VOID = {"meta", "img", "br", "link"}


@pytest.fixture(scope="module")
def page(tiny: STUDY) -> str:
    params, layout = tiny
    return build(params, layout=layout).decode()


class Balanced(HTMLParser):
    """Complains of tags that do not close in order, and keeps what a page would load or jump to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.jumps: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.loads += [values["src"]] if "src" in values else []
        self.ids |= {values["id"]} if "id" in values else set()
        self.jumps |= {values["href"][1:]} if values.get("href", "").startswith("#") else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    return parser


def test_all_tags_close(parsed: Balanced) -> None:
    assert parsed.open == []


def test_every_image_is_inside_the_page(parsed: Balanced) -> None:
    assert parsed.loads
    assert all(source.startswith("data:image/") for source in parsed.loads)


def test_the_contents_lead_somewhere(parsed: Balanced) -> None:
    assert parsed.jumps <= parsed.ids


def test_there_is_no_script(page: str) -> None:
    assert "<script" not in page


def test_the_policy_allows_no_network(page: str) -> None:
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_the_style_is_the_one_that_the_policy_allows(page: str) -> None:
    import hashlib

    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"sha256-{digest}" in page


def test_no_style_needs_an_exception(page: str) -> None:
    assert ' style="' not in page


def test_text_is_escaped(page: str) -> None:
    assert "A tiny study &lt;of&gt; hearts" in page
    assert "a localiser &lt;three planes&gt;" in page


def test_it_says_that_it_is_synthetic_and_not_clinical(page: str) -> None:
    top = page[page.index("<body>") : page.index("<nav")]
    assert "Not for clinical use" in top
    assert "Synthetic images" in top


def test_the_same_files_give_the_same_bytes(tiny: STUDY, page: str) -> None:
    params, layout = tiny
    assert build(params, layout=layout).decode() == page


def test_it_holds_no_path_of_the_machine(tiny: STUDY, page: str) -> None:
    assert str(tiny[1].base) not in page


def test_a_drawn_cine_is_linked(page: str) -> None:
    assert 'href="heat_maps/dual/c-aaaaaaaaaaaaaaaa.png"' in page


def test_an_arm_that_was_removed_is_gone(tiny: STUDY) -> None:
    params, layout = tiny
    fewer = params.model_copy(update={"arms": {"dual": params.arms["dual"]}})
    assert "view_systole" not in build(fewer, layout=layout).decode()


def test_without_metrics_the_remedy_is_named(tiny: STUDY, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="run the stage evaluate"):
        build(tiny[0], layout=Layout("tiny", tmp_path))


def test_sex_is_counted_by_patient(tiny: STUDY) -> None:
    rows = {row[0]: row[1:] for row in cohort(labelled_cines(tiny[1])).rows}
    assert rows["Sex, F / M (patients)"][-1] == "5 / 4"
    assert rows["Cines"] == ("6", "6", "6", "18")


def test_unknown_sex_and_age_are_said_to_be(tiny: STUDY) -> None:
    cines = labelled_cines(tiny[1]).assign(sex=pd.NA, age_years=pd.NA)
    rows = {row[0]: row[1:] for row in cohort(cines).rows}
    assert rows["Sex, F / M (patients)"][0] == "not known"
    assert rows["Age, years (patients)"][0] == "not known"


def test_a_single_patient_has_no_deviation(tiny: STUDY) -> None:
    rows = {row[0]: row[1:] for row in cohort(labelled_cines(tiny[1]).head(1)).rows}
    assert rows["Age, years (patients)"][-1] == "40.0"


def test_cines_without_a_label_have_a_column(tiny: STUDY) -> None:
    cines = labelled_cines(tiny[1])
    cines.loc[0, "pathology"] = None
    assert "No label" in cohort(cines).header


def test_files_balance(tiny: STUDY) -> None:
    params, layout = tiny
    files, canvases = balances(params, layout=layout)
    assert (files.found, files.used, files.excluded) == (39, 36, 3)
    assert (canvases.found, canvases.used, canvases.excluded) == (18, 18, 0)


def test_exclusions_are_grouped_by_code(tiny: STUDY) -> None:
    params, layout = tiny
    assert exclusions(params, layout=layout).rows == (
        ("scout", "reading", "1 × series", "3", "a localiser <three planes>"),
    )


def test_the_split_counts_patients_and_cines(tiny: STUDY) -> None:
    _, layout = tiny
    (grid,) = split(layout, cines=labelled_cines(layout), schemes={"honest"})
    assert grid.rows[-1][:3] == ("holdout", "1", "2")


def test_lineage_leaves_removed_arms_out(tiny: STUDY) -> None:
    _, layout = tiny
    path = layout.provenance("train@gone")
    tables.write_bytes(path, b'{"stage": "train@gone", "code": "a", "params": "b", "inputs": {}, "outputs": {}}')
    found = [row[0] for row in lineage(layout, arms=["dual"], recipes=["coarse"]).rows]
    path.unlink()
    assert found == ["split"]


def test_a_sentence_of_all_rows_is_said_once(tiny: STUDY) -> None:
    (found,) = paper_tables(tiny[1])
    assert found.title.startswith("Table 2")
    assert found.grid == Grid(("arm", "accuracy mean", "p"), (("dual", "0.751", "1.2e-05"),), "synthetic")


def test_a_scheme_that_no_arm_uses_is_left_out(tiny: STUDY) -> None:
    assert split(tiny[1], cines=labelled_cines(tiny[1]), schemes={"paper"}) == []


def test_a_sentence_counts_what_was_right(page: str) -> None:
    assert "in 15 of 21 (71.4 %) cines and in 3 of 3 (100.0 %) patients." in page


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("0.12345", "0.123"), ("12", "12"), ("0.0", "0.000"), ("160 px", "160 px"), ("1e-09", "1.0e-09")],
)
def test_numbers_are_shortened(cell: str, shown: str) -> None:
    assert short(cell) == shown


def test_a_light_image_stays_as_it_is(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    content = base64.b64decode(embedded(tmp_path / "a.png").partition(",")[2])
    assert content == (tmp_path / "a.png").read_bytes()


def test_a_heavy_image_becomes_lighter(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 2000), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    found = embedded(tmp_path / "a.png")
    assert found.startswith("data:image/jpeg")
    assert Image.open(io.BytesIO(base64.b64decode(found.partition(",")[2]))).width == 1800


def test_pictures_can_be_skipped_by_name(tmp_path: Path) -> None:
    for name in ("confusion_dual.png", "learning_dual.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    assert [picture.title for picture in pictures(tmp_path, skip="confusion")] == ["learning dual"]


def test_missing_figures_are_dashes() -> None:
    assert (number(None), spread(0.5, None), interval(None)) == ("–", "0.500", "")
