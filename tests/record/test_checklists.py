"""The reporting checklists: whole, answered from the run, never beyond it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.checklists import NAMES, STATUS, Answered, Checklist, Item, answered, counts, markdown, read
from cinemyo.record.report.page import SECTIONS
from tests.tiny_study import build

STUDY = tuple[Params, Layout]
FIELD = re.compile(r"{(\w+)}")


class Facts(dict[str, str]):
    """Facts that say their own name."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


FACTS: Mapping[str, str] = Facts()


def item(**changes: object) -> Item:
    values = {"id": "1", "section": "Methods", "asks": "what", "status": "auto", "answer": "it is {arm}"}
    return Item.model_validate({**values, "evidence": ["table:arms"], **changes})


def asked(tiny: STUDY, own: Item) -> Answered:
    params, layout = tiny
    checklist = Checklist(title="A list", citation="Somebody, 2024.", items=(own,))
    (found,) = answered(checklist, params=params, layout=layout, facts=FACTS, anchors=["cohort"])
    return found


@pytest.mark.parametrize(("name", "size"), [("claim_2024", 44), ("tripod_ai", 52), ("probast_ai", 34)])
def test_no_item_is_missing(name: str, size: int) -> None:
    items = read(name).items
    assert (len(items), len({item.id for item in items})) == (size, size)


def test_claim_is_numbered_through() -> None:
    assert [item.id for item in read("claim_2024").items] == [str(number) for number in range(1, 45)]


def test_tripod_has_its_27_items() -> None:
    assert {int(re.sub(r"\D", "", item.id)) for item in read("tripod_ai").items} == set(range(1, 28))


def test_probast_asks_16_of_development_and_18_of_evaluation() -> None:
    ids = [item.id for item in read("probast_ai").items]
    assert (sum(name.startswith("D") for name in ids), sum(name.startswith("E") for name in ids)) == (16, 18)


@pytest.mark.parametrize("name", NAMES)
def test_every_item_of_the_study_is_answered_or_left_to_a_person(name: str, tiny: STUDY) -> None:
    params, layout = tiny
    found = answered(read(name), params=params, layout=layout, facts=FACTS, anchors=SECTIONS)
    assert len(found) == len(read(name).items)
    assert all(own.answer and (own.pointers or own.status != "auto") for own in found)


def test_an_answer_is_filled_from_the_run(tiny: STUDY) -> None:
    own = asked(tiny, item())
    assert (own.status, own.answer, own.pointers) == ("auto", "it is <arm>", ("reports/tables/arms.csv",))


@pytest.mark.parametrize("evidence", ["table:gone", "file:data/{study}/gone.csv", "report:gone"])
def test_an_answer_whose_evidence_is_gone_is_refused(tiny: STUDY, evidence: str) -> None:
    with pytest.raises(TableError, match=r"checklist item 1 \(what\): expected its evidence, got no .*gone"):
        asked(tiny, item(evidence=[evidence]))


def test_a_table_that_the_study_lacks_is_no_answer(tiny: STUDY) -> None:
    own = asked(tiny, item(evidence=["table:robustness"]))
    assert (own.status, own.answer) == ("absent", "not part of this study: add arms X")


def test_what_the_study_does_not_state_is_left_to_a_person(tiny: STUDY) -> None:
    own = asked(tiny, item(evidence=["study:intended_use"]))
    assert (own.status, own.answer) == ("manual", "to be stated by the study: study.intended_use in conf/study")


def test_what_the_study_states_is_quoted(tiny: STUDY) -> None:
    params, layout = tiny
    study = params.study.model_copy(update={"intended_use": "Research alone"})
    own = asked((params.model_copy(update={"study": study}), layout), item(evidence=["study:intended_use"]))
    assert own.pointers == ("study.intended_use: Research alone",)


def test_an_answer_without_evidence_cannot_be_written() -> None:
    with pytest.raises(ValidationError, match="name the evidence"):
        item(evidence=[])


def test_a_person_s_item_is_never_filled(tiny: STUDY) -> None:
    own = asked(tiny, item(status="manual", answer="to be {arm}", evidence=[]))
    assert (own.status, own.answer) == ("manual", "to be {arm}")


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_that_is_asked_for_is_known(name: str, tiny: STUDY, page_facts: dict[str, str]) -> None:
    wanted = {field for item in read(name).items if item.status == "auto" for field in FIELD.findall(item.answer)}
    assert wanted <= set(page_facts)


@pytest.fixture(scope="module")
def page_facts(tiny: STUDY) -> dict[str, str]:
    from cinemyo.record.flow import flow_of
    from cinemyo.record.report.facts import facts
    from cinemyo.record.report.first import first
    from cinemyo.record.report.page import read_metrics

    params, layout = tiny
    metrics = read_metrics(layout)
    screen = first(params, layout=layout, metrics=metrics)
    return facts(params, layout=layout, metrics=metrics, flow=flow_of(params, layout=layout), screen=screen)


def test_the_table_counts_by_status(tiny: STUDY, page_facts: dict[str, str]) -> None:
    params, layout = tiny
    checklist = read("claim_2024")
    found = answered(checklist, params=params, layout=layout, facts=page_facts, anchors=SECTIONS)
    told = counts(found)
    text = markdown(checklist, found=found, facts=page_facts)
    assert sum(told.values()) == 44
    assert f"44 items. answered: {told['answered']}" in text
    assert set(told) == set(STATUS.values())


def test_a_table_of_markdown_has_a_row_per_item(tiny: STUDY, page_facts: dict[str, str]) -> None:
    params, layout = tiny
    checklist = read("tripod_ai")
    found = answered(checklist, params=params, layout=layout, facts=page_facts, anchors=SECTIONS)
    text = markdown(checklist, found=found, facts=page_facts)
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == 52
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)


def test_it_says_that_the_wording_is_not_the_published_one(tiny: STUDY, page_facts: dict[str, str]) -> None:
    assert "Items are paraphrased" in markdown(read("probast_ai"), found=[], facts=page_facts)


def test_a_lost_table_stops_the_whole_list(tmp_path: Path) -> None:
    params, layout = build(tmp_path)
    (layout.tables / "classes.csv").unlink()
    with pytest.raises(TableError, match=r"no reports/tables/classes\.csv"):
        answered(read("claim_2024"), params=params, layout=layout, facts=FACTS, anchors=SECTIONS)
