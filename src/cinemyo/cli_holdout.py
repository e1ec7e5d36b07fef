"""The commands `cinemyo holdout`: opening the hold-out on the record, and what was opened."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

holdout = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The hold-out, answered only on request; every request is kept."
)


@holdout.command("open")
def open_arms(
    arms: Annotated[list[str], typer.Argument(help="Arms whose present models may answer the hold-out.")],
    *,
    role: Annotated[str, typer.Option(help="Of the person who decides, such as statistician; never a name.")],
    reason: Annotated[str, typer.Option(help="Why now, in a few words.")],
) -> None:
    """Appends a row per arm to the study's sheet of openings; `make repro` then answers the hold-out."""
    from cinemyo import config, openings
    from cinemyo.layout import Layout

    params = config.load()
    sheet, layout = Path(params.sheets.openings), Layout(params.study.name)
    before = openings.read_openings(sheet)
    rows = openings.request(
        arms, params=params, layout=layout, openings=before, role=role, reason=reason, on=date.today()
    )
    openings.append(rows, path=sheet)
    typer.echo(f"{sheet.as_posix()}: opened for {', '.join(rows['arm'])}; commit it, then run `make repro`")


@holdout.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Prints every opening, and whether it still holds for the present models and folds."""
    from cinemyo import config, openings
    from cinemyo.layout import Layout

    params = config.load()
    kept = openings.read_openings(Path(params.sheets.openings))
    found = list(openings.standings(kept, layout=Layout(params.study.name)))
    if as_json:
        typer.echo(json.dumps([asdict(standing) for standing in found], indent=1))
        return
    for standing in found:
        typer.echo(str(standing))
    holding = sum(standing.holds for standing in found)
    typer.echo(f"study {params.study.name}: {len(found)} openings, {holding} of them for the present models")
