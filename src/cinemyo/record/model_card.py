"""The model card of a study's primary arm, from the run alone: what is not known there is left to a person by name."""

from collections.abc import Iterator, Mapping, Sequence

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.report.contents import Block
from cinemyo.record.report.facts import figure
from cinemyo.record.report.first import First
from cinemyo.record.report.grid import Grid

FOR_A_PERSON = "*For a person:*"
SHOWN = ("classes", "missed_disease", "calibration", "leakage_arms", "leakage", "subgroups")
"""Tables of the card, the rows of the primary arm alone."""


def model_card(
    params: Params, *, layout: Layout, facts: Mapping[str, str], screen: First, blocks: Sequence[Block]
) -> str:
    """The card as Markdown, sections as in Mitchell 2019.

    Source: Mitchell et al. 2019, Model Cards for Model Reporting
    """
    parts = [
        _head(params, facts=facts),
        _details(facts),
        _use(params, screen=screen),
        _data(facts),
        _training(facts),
        _figures(facts, screen=screen),
        *_tables(params, blocks=blocks),
        _limitations(params, layout=layout, blocks=blocks),
        _ethics(params),
    ]
    return "\n".join(line for part in parts for line in [*part, ""]).rstrip() + "\n"


def _head(params: Params, *, facts: Mapping[str, str]) -> Iterator[str]:
    yield f"# Model card: arm {facts['arm']}, {facts['title']}"
    yield ""
    marks = ["**Synthetic images: the figures say nothing about patients.**"] if params.study.synthetic else []
    yield " ".join([*marks, f"{params.study.notice}." if params.study.notice else "", "Not for clinical use."]).strip()


def _details(facts: Mapping[str, str]) -> Iterator[str]:
    yield "## Model"
    yield ""
    for name, key in (
        ("Network", "backbone"),
        ("Weights at the start", "weights"),
        ("Head", "head"),
        ("Input", "input"),
    ):
        yield f"- {name}: {facts[key]}"
    yield "- Output: a probability for each of normal, HCM and DCM; by patient, their mean over the cines"
    yield f"- Code: commit `{facts['commit']}`; parameters: sha256 `{facts['params_digest']}`; seed {facts['seed']}"
    yield "- One model per fold, as safetensors in `data/<study>/models/`; no pickle"


def _use(params: Params, *, screen: First) -> Iterator[str]:
    yield "## Intended use"
    yield ""
    for name, text in screen.statements:
        yield f"- {name}: {text}"
    yield "- Out of scope: diagnosis; hearts that are neither normal, hypertrophic nor dilated; sequences but cine"
    margin = params.study.margin
    yield f"- Margin fixed before any fit: {f'{margin.value:g} ({margin.reason})' if margin else 'none'}"


def _data(facts: Mapping[str, str]) -> Iterator[str]:
    yield "## Data"
    yield ""
    yield f"- Images: {facts['images']}, read from {facts['source']}; citation: {facts['citation']}"
    yield f"- {facts['files']}"
    yield f"- {facts['found']}; {facts['labelled']}"
    yield f"- Split: {facts['split']}; {facts['scheme']}; {facts['parts']}"
    yield f"- Analysed: {facts['analysed']}; patients by class: {facts['analysed_classes']}"


def _training(facts: Mapping[str, str]) -> Iterator[str]:
    yield "## Training"
    yield ""
    for name, key in (("Fit", "fit"), ("Epoch", "selection"), ("Augmentation", "augmentation")):
        yield f"- {name}: {facts[key]}"


def _figures(facts: Mapping[str, str], *, screen: First) -> Iterator[str]:
    yield "## Figures"
    yield ""
    yield f"Intervals of {facts['level']}, patients as units. Test folds together: each cine is answered by the model"
    yield "that did not train on it."
    yield ""
    if screen.why_none:
        yield f"- {screen.why_none}"
    for disease in screen.diseases:
        yield f"- {disease.name}, sensitivity: {figure(disease.sensitivity)}"
        yield f"- {disease.name}, specificity: {figure(disease.specificity)}"
    for missed in screen.missed:
        yield f"- {missed.name} called normal: {figure(missed)}"
    if screen.accuracy:
        yield f"- Accuracy by patient: {figure(screen.accuracy)}"
    for price in screen.prices:
        yield f"- Price of leakage, {price.what}: {price.gap}; {price.detail}"


def _tables(params: Params, *, blocks: Sequence[Block]) -> Iterator[Iterator[str]]:
    for block in blocks:
        if block.name in SHOWN and block.first is not None:
            yield _table(block, primary=params.study.primary)


def _table(block: Block, *, primary: str) -> Iterator[str]:
    grid = block.first
    if grid is None:
        return
    yield f"### {block.title}"
    yield ""
    yield f"| {' | '.join(grid.header)} |"
    yield f"|{'---|' * len(grid.header)}"
    for row in own_rows(grid, primary=primary):
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""
    remarks = "; ".join(f"{letter}: {text}" for letter, text in grid.notes)
    said = (f"{grid.caption}." if grid.caption else "", f"{remarks}." if remarks else "", block.note)
    yield " ".join(filter(None, [*said, f"`{block.trace.file}`, sha256 `{block.trace.digest}`."]))


def own_rows(grid: Grid, *, primary: str) -> list[list[str]]:
    """The rows of the primary arm, or all where a table has no arms."""
    own = [row for row in grid.rows if grid.header[0] != "Arm" or row[0].text == primary]
    return [[f"{cell.text} ({cell.mark})" if cell.mark else cell.text for cell in row] for row in own]


def _limitations(params: Params, *, layout: Layout, blocks: Sequence[Block]) -> Iterator[str]:
    yield "## Limitations that follow from the run"
    yield ""
    if params.study.synthetic:
        yield "- The images are phantoms: no figure carries over to patients."
    yield "- The classes are enriched: predictive values hold at the stated prevalences alone."
    yield (
        "- One source: nothing is known of other scanners and centres."
        if not params.external.sources
        else ("- One source for training; the supplementary cohort is reported apart.")
    )
    yield from _holdout(params, layout=layout)
    for why in dict.fromkeys(block.absent for block in blocks if block.absent):
        yield f"- {'; '.join(block.title for block in blocks if block.absent == why)}: {why}"
    yield f"- {FOR_A_PERSON} limitations of labels, acquisition and selection of the patients."


def _holdout(params: Params, *, layout: Layout) -> Iterator[str]:
    """What no choice has seen: closed tables of the hold-out are there, without a row."""
    paths = {layout.holdout(name): arm for name, arm in params.arms.items()}
    answered = [
        tables.read(path, table=tables.predictions(arm.target)) for path, arm in paths.items() if path.is_file()
    ]
    if params.split.protocol == "honest" and params.split.holdout_share == 0:
        yield "- No hold-out was drawn: no figure of patients that no choice has seen."
    elif all(answers.empty for answers in answered):
        yield "- The hold-out is closed: no figure of patients that no choice has seen."


def _ethics(params: Params) -> Iterator[str]:
    yield "## Ethical considerations"
    yield ""
    if params.study.synthetic:
        yield "- No data of people."
    yield "- Identity ends at ingest: pseudonyms are keyed, dates are removed, ages capped; images and rows of people"
    yield "  stay out of git."
    yield "- Accuracy by sex and age is in the table of subgroups; a group that is too small is shown and not tested."
    yield f"- {FOR_A_PERSON} approval and consent; who may be harmed by a missed disease and by a false alarm, and how"
    yield "  it would be noticed."
