"""The flow of a study as a figure, drawn as the report draws its own."""

from collections.abc import Iterator
from typing import Final, Literal

from cinemyo.audit.balance import Account, Counts, Loss, Step
from cinemyo.labels import DISPLAY
from cinemyo.record import figures_flow

Cohort = Literal["study", "external"]
CODES_SHOWN: Final = 12


def drawn(account: Account, *, cohort: Cohort, note: str) -> bytes:
    """The flow of the study or of its external cohort as SVG; same flow, same bytes.

    Source: CONSORT 2010, flow diagram
    """
    return figures_flow.svg(figures_flow.steps_figure(as_steps(account, cohort=cohort), note=note))


def as_steps(account: Account, *, cohort: Cohort) -> list[figures_flow.Step]:
    """The steps of a figure; that of the study ends with the classes of its primary arm."""
    own = [step for step in account.steps if step.cohort == cohort and not step.name.startswith("canvases")]
    boxes = [_boxes(step) for step in own]
    if cohort == "external":
        return boxes
    classes = [f"{DISPLAY.get(name, name)}: {_counted(units)}" for name, units in account.classes.items()]
    return [*boxes, figures_flow.Step((f"Analysed: {_counted(own[-1].stayed)}", *classes))]


def _boxes(step: Step) -> figures_flow.Step:
    words = {
        "files": f"Files found: {step.came.files}",
        "patients": f"Patients found: {step.came.patients}",
        "labelled": f"Ingested: {_counted(step.came)}",
        "split": f"Labelled: {_counted(step.came)}",
    }
    first = words.get(step.name) or f"Given to {step.name.partition(', ')[2]}: {_counted(step.came)}"
    levels = [f"{step.came.exams} exams, {step.came.series} series"] if step.came.exams is not None else []
    return figures_flow.Step((first, *levels), tuple(_leaves(step)))


def _leaves(step: Step) -> Iterator[str]:
    total = step.gone.files if step.name == "files" else step.gone.cines
    unit = "files" if step.name == "files" else "cines"
    if step.name == "patients":
        total, unit = step.gone.patients, "patients without a cine"
    yield f"Left out: {total} {unit}" + (f", {step.gone.patients} patients as a whole" if unit == "cines" else "")
    for loss in step.losses[:CODES_SHOWN]:
        yield f"{loss.code.replace('_', ' ')}: {_number(loss)} ({loss.reason})"
    rest = step.losses[CODES_SHOWN:]
    if rest:
        yield f"{len(rest)} other codes"


def _number(loss: Loss) -> str:
    if loss.counts.files is not None:
        return str(loss.counts.files)
    return _counted(loss.counts) if loss.counts.cines else str(loss.counts.patients)


def _counted(counts: Counts) -> str:
    cines, patients = counts.cines or 0, counts.patients or 0
    words = "cine" if cines == 1 else "cines", "patient" if patients == 1 else "patients"
    return f"{cines} {words[0]} of {patients} {words[1]}"
