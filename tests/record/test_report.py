"""The report: complete, escaped, self-contained, and the same twice."""

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.embedding import embedded_bytes
from cinemyo.record.report import page as page_module
from cinemyo.record.report.arms import errors, matrices
from cinemyo.record.report.cohort import exclusions, labelled_cines, split
from cinemyo.record.report.contents import entries
from cinemyo.record.report.page import Material, build, lineage, read_metrics, sections_of

STUDY = tuple[Params, Layout]
VOID = {"meta", "img", "br", "link"}


@pytest.fixture(scope="module")
def made(tiny: STUDY) -> Material:
    params, layout = tiny
    return build(params, layout=layout)


@pytest.fixture(scope="module")
def page(made: Material) -> str:
    return made.page.decode()


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
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"sha256-{digest}" in page


def test_no_style_needs_an_exception(page: str) -> None:
    assert ' style="' not in page


def test_text_is_escaped(page: str) -> None:
    assert "A tiny study &lt;of&gt; hearts" in page
    assert "a localiser &lt;three planes&gt;" in page
    assert "a &lt;b&gt; c" in page


def test_it_says_that_it_is_synthetic_and_not_clinical(page: str) -> None:
    top = page[page.index("<body") : page.index("<nav")]
    assert "Not for clinical use" in top
    assert "Synthetic images" in top


def test_every_section_and_figure_of_a_synthetic_study_is_marked(page: str) -> None:
    below = page[page.index('id="use"') :]
    headings = re.findall(r"<h[23]>.*?</h[23]>|<figcaption>.*?</figcaption>", below, re.DOTALL)
    assert headings
    assert [text for text in headings if 'class="mark"' not in text] == []


def test_a_study_of_people_bears_no_mark(tiny: STUDY) -> None:
    params, layout = tiny
    study = params.study.model_copy(update={"synthetic": False})
    page = build(params.model_copy(update={"study": study}), layout=layout).page.decode()
    assert 'class="mark"' not in page
    assert "Synthetic images" not in page


def test_the_same_files_give_the_same_bytes(tiny: STUDY, made: Material) -> None:
    params, layout = tiny
    assert build(params, layout=layout) == made


def test_it_holds_no_path_of_the_machine(tiny: STUDY, page: str) -> None:
    assert str(tiny[1].base) not in page


def test_the_first_screen_has_disease_by_patient_then_the_price(page: str) -> None:
    screen = page[page.index('id="first"') : page.index('id="use"')]
    places = [screen.index(text) for text in ("HCM", "Sensitivity", "0.900", "Missed disease", "The price of leakage")]
    assert places == sorted(places)
    assert "0.150 (0.050 to 0.250)" in screen


def test_it_tells_under_which_permission_the_study_is_done(page: str) -> None:
    told = page[page.index('id="oversight"') : page.index('id="cohort"')]
    assert "<dt>Protocol</dt><dd>20-072</dd>" in told
    assert "synthetic phantoms: no consent is needed" in told


def test_a_study_of_people_without_a_protocol_says_that_it_is_missing(tiny: STUDY) -> None:
    params, layout = tiny
    oversight = params.oversight.model_copy(update={"protocol": "", "consent_basis": "waiver"})
    page = build(params.model_copy(update={"oversight": oversight}), layout=layout).page.decode()
    assert "<dd>MISSING: a study of people states it (oversight.protocol)</dd>" in page


def test_what_the_study_does_not_state_is_marked(page: str) -> None:
    assert page.count("to be stated by the study: conf/study") == 3


def test_every_listed_table_is_shown(tiny: STUDY, page: str) -> None:
    for entry in entries(tiny[1]):
        assert f'id="table-{entry.name}"' in page


def test_every_shown_table_has_its_command_and_digest(tiny: STUDY, page: str) -> None:
    params, layout = tiny
    for section in sections_of(params, layout=layout, listed=entries(layout)):
        for block in section.blocks:
            assert block.absent or f"<code>{block.trace.file}</code>, sha256 <code>{block.trace.digest}</code>" in page


def test_a_section_that_only_the_contents_know_is_shown(page: str) -> None:
    assert page.index('id="novel"') < page.index('id="preparation"')
    assert "A section of its own" in page


def test_a_section_without_anything_is_left_out(page: str) -> None:
    assert 'id="readers"' not in page


def test_sections_follow_the_order_of_the_page(tiny: STUDY) -> None:
    params, layout = tiny
    slugs = [section.slug for section in sections_of(params, layout=layout, listed=entries(layout))]
    assert slugs[:6] == ["first", "use", "oversight", "cohort", "paper", "performance"]
    assert slugs[-3:] == ["preparation", "reporting", "lineage"]


def test_a_note_names_another_table_by_its_title(page: str) -> None:
    assert "“Table 1” has the cohort." in page


def test_the_flow_is_on_the_page_and_told(page: str, made: Material) -> None:
    assert base64.b64encode(made.flow).decode() in page
    assert "Files found: 39. left out: Files excluded, by code: 3; scout: 3" in page


def test_the_checklists_are_counted(page: str) -> None:
    assert re.search(r"CLAIM 2024</a>: 44 items; +answered: \d+,", page)
    assert "TRIPOD+AI</a>: 52 items" in page


def test_a_drawn_cine_is_linked(page: str) -> None:
    assert 'href="heat_maps/dual/c-aaaaaaaaaaaaaaaa.png"' in page


def test_an_arm_that_was_removed_is_gone_from_what_the_page_adds(tiny: STUDY) -> None:
    params, layout = tiny
    fewer = params.model_copy(update={"arms": {"dual": params.arms["dual"]}})
    metrics = read_metrics(layout)
    assert [matrix.arm for matrix in matrices(fewer, metrics=metrics)] == ["dual", "dual"]
    cines = labelled_cines(fewer, layout=layout)
    assert [own.arm for own in errors(fewer, layout=layout, cines=cines)] == ["dual"]


def test_sheets_of_many_arms_are_not_all_inside(tiny: STUDY, monkeypatch: pytest.MonkeyPatch) -> None:
    params, layout = tiny
    monkeypatch.setattr(page_module, "EMBEDDED_ARMS", 1)
    study = params.study.model_copy(update={"primary": "view_systole"})
    sheets = page_module.sheets_of(params.model_copy(update={"study": study}), layout=layout)
    assert sheets["overviews"] == []


def test_without_metrics_the_remedy_is_named(tiny: STUDY, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="run the stage evaluate"):
        build(tiny[0], layout=Layout("tiny", tmp_path))


def test_exclusions_are_grouped_by_code(tiny: STUDY) -> None:
    params, layout = tiny
    (row,) = exclusions(params, layout=layout).rows
    assert [cell.text for cell in row] == ["scout", "reading", "1 × series", "3", "a localiser <three planes>"]


def test_the_split_counts_patients_and_cines(tiny: STUDY) -> None:
    params, layout = tiny
    (grid,) = split(layout, cines=labelled_cines(params, layout=layout), schemes={"honest"})
    assert [cell.text for cell in grid.rows[-1][:3]] == ["holdout", "1", "2"]


def test_a_scheme_that_no_arm_uses_is_left_out(tiny: STUDY) -> None:
    params, layout = tiny
    assert split(layout, cines=labelled_cines(params, layout=layout), schemes={"paper"}) == []


def test_lineage_leaves_removed_arms_out(tiny: STUDY) -> None:
    _, layout = tiny
    path = layout.provenance("train@gone")
    tables.write_bytes(path, b'{"stage": "train@gone", "code": "a", "params": "b", "inputs": {}, "outputs": {}}')
    found = [row[0].text for row in lineage(layout, arms=["dual"], recipes=["coarse"]).rows]
    path.unlink()
    assert found == ["split"]


def test_a_matrix_counts_its_rows(tiny: STUDY) -> None:
    params, layout = tiny
    own = matrices(params, metrics=read_metrics(layout))[0]
    assert own.title == "dual, 3 patients"
    assert [name for name, _ in own.rows] == ["Normal (n = 1)", "HCM (n = 1)", "DCM (n = 1)"]
    assert (own.rows[0][1][0].share, own.rows[0][1][0].shade) == ("1.00", 10)


def test_an_error_names_what_to_look_at(tiny: STUDY) -> None:
    params, layout = tiny
    own = errors(params, layout=layout, cines=labelled_cines(params, layout=layout))[0]
    assert [cell.text for cell in own.grid.rows[0][2:]] == [
        "VLA, apex left",
        "Normal",
        "HCM",
        "0.70",
        "0",
        "look at region",
    ]


def test_a_light_image_stays_as_it_is() -> None:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, format="PNG")
    assert base64.b64decode(embedded_bytes(buffer.getvalue()).partition(",")[2]) == buffer.getvalue()


def test_a_heavy_image_becomes_lighter() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 2000), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format="PNG")
    found = embedded_bytes(buffer.getvalue())
    assert found.startswith("data:image/jpeg")
    assert Image.open(io.BytesIO(base64.b64decode(found.partition(",")[2]))).width == 1800
