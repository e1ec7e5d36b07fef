"""The commands `cinemyo audit trace`, `impact` and `flow`: where a result comes from, and what became of a patient."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cinemyo.audit.ledger import Record
    from cinemyo.config import Params
    from cinemyo.layout import Layout

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
    from cinemyo import events
    from cinemyo.audit.trace import trace_of
    from cinemyo.audit.trace_text import as_text, as_values

    with events.recorded("command", "audit trace"):
        params, layout, records = _study()
        found = trace_of(what, params=params, layout=layout, records=records)
        typer.echo(json.dumps(as_values(found), indent=1) if as_json else as_text(found, listed=cines))


def _study() -> tuple["Params", "Layout", list["Record"]]:
    """Parameters and places of the study, and the ledger brought up to what the stages left."""
    from cinemyo import config
    from cinemyo.audit.ledger import LEDGER, Ledger
    from cinemyo.audit.reconcile import reconcile
    from cinemyo.layout import Layout

    params = config.load()
    layout = Layout(params.study.name)
    reconcile(params, layout=layout)
    return params, layout, Ledger(LEDGER).records()
