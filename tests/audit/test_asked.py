"""What a text names, as a place in the files of a study."""

import pytest

from cinemyo.audit.asked import asked
from cinemyo.config import Params
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from tests.tiny_study import identifier

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def page(tiny: STUDY, tmp_path_factory: pytest.TempPathFactory) -> STUDY:
    """A study with a page of two sections."""
    params, layout = tiny
    own = Layout(layout.study, tmp_path_factory.mktemp("page"))
    own.tables.mkdir(parents=True)
    own.report.write_text('<h2 id="performance">Figures</h2><table id="table-arms"></table>')
    own.contents.write_text('[{"section": "performance", "name": "arms", "title": "The arms"}]')
    return params, own


@pytest.mark.parametrize("anchor", ["performance", "table-arms"])
def test_a_section_leads_to_its_tables(page: STUDY, anchor: str) -> None:
    found = asked(f"report.html#{anchor}", params=page[0], layout=page[1])
    assert (found.kind, found.path) == ("section", "reports/report.html")
    assert found.value == {"tables": ["arms.csv"], "titles": ["The arms"]}


def test_a_section_that_is_not_there_is_refused_with_those_that_are(page: STUDY) -> None:
    with pytest.raises(AuditError, match="expected one of performance, table-arms, got 'nothing'"):
        asked("report.html#nothing", params=page[0], layout=page[1])


def test_a_heat_map_names_its_arm_and_cine(tiny: STUDY) -> None:
    cine = identifier("c", 0)
    found = asked(f"reports/heat_maps/dual/{cine}.png", params=tiny[0], layout=tiny[1])
    assert (found.kind, found.arm, found.cine_id) == ("heat_map", "dual", cine)


def test_an_item_of_a_list_is_counted_from_zero(tiny: STUDY) -> None:
    found = asked("metrics.json:arms.dual.accuracy_folds.1", params=tiny[0], layout=tiny[1])
    assert found.value == 0.8


def test_a_row_may_be_named_by_its_columns(tiny: STUDY) -> None:
    row = f"cine_id={identifier('c', 2)},set=validation"
    found = asked(f"data/tiny/predictions/dual.csv:{row}:fold", params=tiny[0], layout=tiny[1])
    assert found.value == "0"


def test_a_figure_names_the_longest_arm_that_it_ends_with(
    tiny: STUDY, tmp_path_factory: pytest.TempPathFactory
) -> None:
    params, _ = tiny
    own = Layout("tiny", tmp_path_factory.mktemp("figures"))
    path = own.figures / "confusion_view_systole.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    found = asked("reports/figures/confusion_view_systole.png", params=params, layout=own)
    assert (found.kind, found.arm) == ("figure", "view_systole")
