"""The report of a study: one HTML page without a network, a script or a time in it."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cinemyo.commit import git_commit
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of
from cinemyo.record import checklists
from cinemyo.record.figures_flow import alt_text, flow_figure, svg
from cinemyo.record.flow import flow_of
from cinemyo.record.model_card import model_card
from cinemyo.record.oversight import stated
from cinemyo.record.pages import rendered
from cinemyo.record.report import arms, cohort
from cinemyo.record.report.contents import Block, Entry, block, entries, of_section
from cinemyo.record.report.facts import facts
from cinemyo.record.report.first import first
from cinemyo.record.report.grid import Grid, plain
from cinemyo.record.report.pictures import Picture, picture, pictures
from cinemyo.record.report.review import queue_of
from cinemyo.record.report.traces import trace

HERE: Final = Path(__file__).parent
SECTIONS: Final = {
    "first": "In short",
    "use": "Use and standard",
    "oversight": "Oversight",
    "cohort": "Cohort",
    "paper": "The paper's tables",
    "performance": "Performance",
    "leakage": "The price of leakage",
    "calibration": "Calibration",
    "subgroups": "Subgroups",
    "controls": "Shortcut controls",
    "robustness": "Robustness",
    "heat": "Heat maps",
    "readers": "Readers",
    "errors": "Errors",
    "holdout": "Hold-out",
    "external": "Supplementary cohort",
    "sample_size": "Sample size",
    "preparation": "Preparation",
    "reporting": "Reporting checklists",
    "lineage": "Lineage",
}
"""Sections in reading order. Those without a table or figure are left out, but for those that the page itself fills."""
OWN: Final = (
    "first",
    "use",
    "oversight",
    "cohort",
    "performance",
    "heat",
    "errors",
    "preparation",
    "reporting",
    "lineage",
)
EMBEDDED_ARMS: Final = 8
"""Arms up to which the sheets of all are inside the page; of more, that of the primary one alone."""


@dataclass(frozen=True)
class Section:
    """A section of the page: its anchor, title, tables and figures."""

    slug: str
    title: str
    blocks: tuple[Block, ...] = ()
    figures: tuple[Picture, ...] = ()

    @property
    def begins_wide(self) -> bool:
        """Whether the title stands above a table that is printed across the page."""
        return bool(self.blocks) and self.blocks[0].is_wide and self.slug not in OWN


@dataclass(frozen=True)
class Material:
    """All that the report stage makes, before it is written."""

    page: bytes
    flow: bytes
    """SVG."""
    card: str
    checklists: Mapping[str, str] = field(default_factory=dict)
    """Markdown by name."""


def build(params: Params, *, layout: Layout) -> Material:
    """The page, the flow figure, the model card and the checklists; same files, same commit, same bytes.

    Raises:
        TableError: a table or `metrics.json` that the page needs is absent or broken, counts do not balance, or an
            item of a checklist has lost its evidence.
    """
    metrics = read_metrics(layout)
    listed = entries(layout)
    flow = flow_of(params, layout=layout)
    screen = first(params, layout=layout, metrics=metrics)
    said = facts(params, layout=layout, metrics=metrics, flow=flow, screen=screen)
    sections = sections_of(params, layout=layout, listed=listed)
    blocks = [own for section in sections for own in section.blocks]
    drawn = svg(flow_figure(flow, note=standing(params)))
    anchors = {section.slug for section in sections}
    answered = {}
    for name in checklists.NAMES:
        checklist = checklists.read(name)
        found = checklists.answered(checklist, params=params, layout=layout, facts=said, anchors=anchors)
        answered[name] = (checklist, found)
    content = {
        **_content(params, layout=layout, metrics=metrics),
        "first": screen,
        "sections": sections,
        "flow_source": f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}",
        "flow_alt": alt_text(flow),
        "flow_digest": hashlib.sha256(drawn).hexdigest()[:12],
        "checklists": [_counted(name, *answered[name]) for name in checklists.NAMES],
    }
    return Material(
        page=rendered(HERE, **content),
        flow=drawn,
        card=model_card(params, layout=layout, facts=said, screen=screen, blocks=blocks),
        checklists={
            name: checklists.markdown(checklist, found=found, facts=said)
            for name, (checklist, found) in answered.items()
        },
    )


def standing(params: Params) -> str:
    """What must stand under every figure."""
    marks = ["synthetic phantoms"] if params.study.synthetic else []
    return "; ".join([*marks, params.study.notice] if params.study.notice else marks)


def _counted(name: str, checklist: checklists.Checklist, found: Sequence[checklists.Answered]) -> dict[str, Any]:
    return {"name": name, "title": checklist.title, "size": len(found), "counts": checklists.counts(found)}


def sections_of(params: Params, *, layout: Layout, listed: Sequence[Entry]) -> list[Section]:
    """The sections of the page in order; a section that only the contents know stands before the preparation."""
    titles = dict(SECTIONS)
    for entry in listed:
        titles.setdefault(entry.section, entry.section_title)
    known = list(SECTIONS)
    before = known.index("preparation")
    order = [*known[:before], *(slug for slug in titles if slug not in SECTIONS), *known[before:]]
    told = {entry.section: entry.section_title for entry in listed}
    names = {entry.name: entry.title for entry in listed}
    shown = pictures(layout, arms=params.arms)
    found = []
    for slug in order:
        own = of_section(listed, section=slug)
        blocks = tuple(block(entry, layout=layout, primary=params.study.primary, titles=names) for entry in own)
        figures = tuple(_primary_first(params, [figure for figure in shown if figure.section == slug]))
        if blocks or figures or slug in OWN:
            title = SECTIONS[slug] if slug == "first" else told.get(slug, titles[slug])
            found.append(Section(slug, title, blocks, figures))
    return found


def _primary_first(params: Params, figures: Sequence[Picture]) -> list[Picture]:
    """Figures of all arms, then those of the primary one, then the others in the order of the study."""
    order = {"": 0, params.study.primary: 1} | {
        name: index + 2 for index, name in enumerate(params.arms) if name != params.study.primary
    }
    return sorted(figures, key=lambda figure: order[figure.arm])


def _content(params: Params, *, layout: Layout, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What the template prints beside the tables and figures of the sections."""
    cines = cohort.labelled_cines(params, layout=layout)
    return {
        "study": params.study,
        "standing": standing(params),
        "primary": params.study.primary,
        "exclusions": cohort.exclusions(params, layout=layout),
        "exclusions_trace": trace(layout.exclusions, layout=layout),
        "split": cohort.split(layout, cines=cines, schemes={arm.scheme for arm in params.arms.values()}),
        "split_trace": trace(layout.folds, layout=layout),
        "matrices": arms.matrices(params, metrics=metrics),
        "metrics_trace": trace(layout.metrics, layout=layout),
        "explain": params.explain,
        "oversight": stated(params, base=layout.base),
        **sheets_of(params, layout=layout),
        "errors": arms.errors(params, layout=layout, cines=cines),
        "queue": queue_of(layout),
        "queue_trace": trace(layout.review_queue, layout=layout) if layout.review_queue.is_file() else None,
        "contact_sheets": _contact_sheets(params, layout=layout),
        "commit": git_commit(layout.base),
        "seed": params.seed,
        "params_digest": digest_of(params.model_dump(mode="json")),
        "stages": lineage(layout, arms=list(params.arms), recipes=list(params.recipes)),
    }


def sheets_of(params: Params, *, layout: Layout) -> dict[str, list[Picture]]:
    """Sheets of heat maps and of misclassified cines: of all arms, or of many arms those of the primary one."""
    whole = len(params.arms) <= EMBEDDED_ARMS
    names = [name for name in params.arms if whole or name == params.study.primary]
    maps = {name: layout.heat_maps / name / "overview.png" for name in names}
    cases = {name: layout.errors / f"{name}.png" for name in names}
    typical = {params.study.primary: layout.heat_maps / params.study.primary / "typical.png"}
    figure_4 = "Typical heat maps (Figure 4 of the paper, from cases of this study)"
    return {
        "overviews": _sheets(layout, typical, title=figure_4) + _sheets(layout, maps, title="Heat maps"),
        "case_sheets": _sheets(layout, cases, title="Misclassified cines"),
    }


def _sheets(layout: Layout, paths: Mapping[str, Path], *, title: str) -> list[Picture]:
    return [
        picture(path, title=f"{title}, arm {name}", layout=layout, arm=name)
        for name, path in paths.items()
        if path.is_file()
    ]


def _contact_sheets(params: Params, *, layout: Layout) -> list[Picture]:
    return [
        picture(path, title=f"{recipe} {path.stem}".replace("_", " "), layout=layout)
        for recipe in params.recipes
        for path in sorted((layout.contact_sheets / recipe).glob("*.png"))
    ]


def read_metrics(layout: Layout) -> Mapping[str, Any]:
    """The figures of each arm, by name.

    Raises:
        TableError: `metrics.json` is absent.
    """
    if not layout.metrics.is_file():
        raise TableError(str(layout.metrics), expected="the figures", got="no file", remedy="run the stage evaluate")
    figures: Mapping[str, Any] = json.loads(layout.metrics.read_text(encoding="utf-8"))["arms"]
    return figures


def lineage(layout: Layout, *, arms: Sequence[str], recipes: Sequence[str]) -> Grid:
    """Digests of code, params, inputs and outputs of the stages of the study, from their provenance."""
    items = {"train": set(arms), "explain": set(arms), "prepare": set(recipes)}
    lines = []
    for path in sorted(layout.provenance("any").parent.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        name, _, item = str(found["stage"]).partition("@")
        if name in ("report", "record") or (name in items and item not in items[name]):
            continue
        digests = (found["code"], found["params"], digest_of(found["inputs"]), digest_of(found["outputs"]))
        command = f"dvc repro {found['stage']}"
        lines.append((str(found["stage"]), command, *(digest[:12] for digest in digests)))
    return plain(("Stage", "Command", "Code", "Params", "Inputs", "Outputs"), lines)
