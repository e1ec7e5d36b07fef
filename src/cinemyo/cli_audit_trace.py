"""The commands `cinemyo audit trace`, `impact` and `flow`: where a result comes from, and what became of a patient."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cinemyo.cli_audit_study import history, study

if TYPE_CHECKING:
    from cinemyo.audit.balance import Account

Json = Annotated[bool, typer.Option("--json", help="Machine-readable, and whole.")]


def trace(
    what: Annotated[
        str,
        typer.Argument(
            help="A file; FILE.json:a.b.c; TABLE.csv:ROW:COLUMN; report.html#section; a cine; an excluded item or"
            " source file by its code; a run of MLflow."
        ),
    ],
    *,
    cines: Annotated[bool, typer.Option("--cines", help="Lists every cine with its source files and hashes.")] = False,
    as_json: Json = False,
) -> None:
    """Tells where a number, figure, prediction or file comes from, back to the hashes of its source files."""
    from cinemyo.audit.trace import trace_of
    from cinemyo.audit.trace_text import as_json as json_of
    from cinemyo.audit.trace_text import as_text

    params, layout = study()
    found = trace_of(what, params=params, layout=layout, records=history())
    if not as_json:
        typer.echo(as_text(found, listed=cines))
        return
    for piece in json_of(found):
        typer.echo(piece, nl=False)
    typer.echo()


def impact(
    patient: Annotated[
        str, typer.Argument(help="A pseudonym; or the hospital's identifier, with the key of the study at hand.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Lists every file, fold, run, model, figure, report, sweep and cached object that a patient is in."""
    from cinemyo.audit.impact import impact_of
    from cinemyo.audit.impact_text import as_text, as_values

    params, layout = study()
    found = impact_of(patient, params=params, layout=layout, records=history())
    typer.echo(json.dumps(as_values(found), indent=1) if as_json else as_text(found))


def flow(
    *,
    svg: Annotated[
        Path | None, typer.Option(help="Also draws the flow into this file; an external cohort into one beside it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Counts from source files to analysed patients, every exclusion by code and reason; fails if sums differ."""
    from cinemyo.audit.flow import account_of
    from cinemyo.audit.flow_text import as_text, as_values

    params, layout = study()
    account = account_of(params, layout=layout)
    if svg is not None:
        _draw(account, path=svg, note=params.study.notice)
    typer.echo(json.dumps(as_values(account), indent=1) if as_json else as_text(account))


def _draw(account: "Account", *, path: Path, note: str) -> None:
    from cinemyo import tables
    from cinemyo.audit.flow_figure import drawn

    tables.write_bytes(path, drawn(account, cohort="study", note=note))
    if any(step.cohort == "external" for step in account.steps):
        beside = path.with_name(f"{path.stem}_external{path.suffix}")
        tables.write_bytes(beside, drawn(account, cohort="external", note=note))


COMMANDS: Final[dict[str, Callable[..., None]]] = {"trace": trace, "impact": impact, "flow": flow}
