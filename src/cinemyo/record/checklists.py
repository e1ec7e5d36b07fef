"""Reporting checklists answered from the run: CLAIM 2024, TRIPOD+AI and PROBAST+AI; never more than it can show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import Field, model_validator

from cinemyo.config import Params
from cinemyo.config.base import Frozen
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.report.contents import table_rows

HERE: Final = Path(__file__).parent / "report" / "checklist_items"
NAMES: Final = ("claim_2024", "tripod_ai", "probast_ai")
STATUS: Final = {"auto": "answered", "manual": "for a person", "absent": "not part of this study", "n.a.": "n.a."}
"""Words of a status; `absent`: the item asks for what this study lacks."""

Status = Literal["auto", "manual", "n.a.", "absent"]


class Item(Frozen):
    """An item of a checklist: what it asks in few words, and where the run answers it."""

    id: Annotated[str, Field(pattern=r"^[DE]?\d+(\.\d+|[a-g])?$")]
    section: str
    asks: str
    status: Literal["auto", "manual", "n.a."]
    answer: str
    """For `auto` a template of facts; else what a person must write, or why the item does not apply."""
    evidence: tuple[str, ...] = ()
    """`table:<name>`, `report:<section>`, `file:<path from the root>` or `study:<key>`."""

    @model_validator(mode="after")
    def _is_shown(self) -> Self:
        if self.status == "auto" and not self.evidence:
            raise ValueError(f"item {self.id} is auto: name the evidence")
        return self


class Checklist(Frozen):
    """A published checklist, its items paraphrased."""

    title: str
    citation: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Answered:
    """An item with its answer and where to look."""

    item: Item
    status: Status
    answer: str
    pointers: tuple[str, ...]


def read(name: str) -> Checklist:
    """The items of a checklist.

    Raises:
        pydantic.ValidationError: an item is not as it must be.
    """
    return Checklist.model_validate(yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8")))


def answered(
    checklist: Checklist, *, params: Params, layout: Layout, facts: Mapping[str, str], anchors: Collection[str]
) -> list[Answered]:
    """Each item answered from the run, or left to a person.

    `anchors` are the sections of the report.

    Raises:
        TableError: the evidence of an item that the run answers is not there.
    """
    return [_answered(item, params=params, layout=layout, facts=facts, anchors=anchors) for item in checklist.items]


def _answered(
    item: Item, *, params: Params, layout: Layout, facts: Mapping[str, str], anchors: Collection[str]
) -> Answered:
    if item.status != "auto":
        return Answered(item, item.status, item.answer, ())
    pointers = []
    for evidence in item.evidence:
        kind, _, name = evidence.partition(":")
        if kind == "study" and not getattr(params.study, name):
            return Answered(item, "manual", f"to be stated by the study: study.{name} in conf/study", ())
        if kind == "table":
            _, why = table_rows(layout, name=name)
            if why and (layout.tables / f"{name}.csv").is_file():
                return Answered(item, "absent", why, (f"reports/tables/{name}.csv",))
        pointers.append(_pointer(item, kind=kind, name=name, params=params, layout=layout, anchors=anchors))
    return Answered(item, "auto", item.answer.format_map(facts), tuple(pointers))


def _pointer(item: Item, *, kind: str, name: str, params: Params, layout: Layout, anchors: Collection[str]) -> str:
    """Where the evidence is, once it is known to be there."""
    if kind == "study":
        return f"study.{name}: {getattr(params.study, name)}"
    if kind == "report":
        if name not in anchors:
            _refuse(item, got=f"no section {name} in the report")
        return f"report.html#{name}"
    path = layout.tables / f"{name}.csv" if kind == "table" else layout.base / name.format(study=layout.study)
    if not path.exists():
        _refuse(item, got=f"no {path.relative_to(layout.base).as_posix()}")
    return path.relative_to(layout.base).as_posix()


def _refuse(item: Item, *, got: str) -> None:
    where = f"checklist item {item.id} ({item.asks})"
    raise TableError(where, expected="its evidence", got=got, remedy="run the stages before the report again")


def counts(found: Collection[Answered]) -> dict[str, int]:
    """Items by status, in words."""
    return {words: sum(own.status == status for own in found) for status, words in STATUS.items()}


def markdown(checklist: Checklist, *, found: Collection[Answered], facts: Mapping[str, str]) -> str:
    """The answered checklist as Markdown, a table per section."""
    told = ", ".join(f"{words}: {count}" for words, count in counts(found).items() if count)
    lines = [
        f"# {checklist.title}: {facts['title']}",
        "",
        f"{checklist.citation} Items are paraphrased; the published wording decides. Answered from the run of commit "
        f"`{facts['commit'][:12]}`, parameters `{facts['params_digest']}`; images: {facts['images']}.",
        "",
        f"{len(found)} items. {told}.",
    ]
    section = ""
    for own in found:
        if own.item.section != section:
            section = own.item.section
            lines += ["", f"## {section}", "", "| item | asks | status | answer | where |", "|---|---|---|---|---|"]
        where = "<br>".join(_cell(pointer) for pointer in own.pointers)
        cells = (own.item.id, _cell(own.item.asks), STATUS[own.status], _cell(own.answer), where)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
