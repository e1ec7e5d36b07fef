"""The commands `cinemyo readers`: a blinded reading set, and its answers joined back."""

from pathlib import Path
from typing import Annotated

import typer

readers = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Blinded readings by people, beside the model's answers."
)


@readers.command()
def export(
    *,
    out: Annotated[Path, typer.Option(help="The reader's folder, not there yet; below data/ git ignores it.")],
    cines: Annotated[int | None, typer.Option(help="How many cines; all answered ones if none is said.")] = None,
    rereadings: Annotated[float, typer.Option(help="Share of the cines that come a second time, up to 0.5.")] = 0.2,
    seed: Annotated[int | None, typer.Option(help="Of the draw; the study's if none is said.")] = None,
    mix: Annotated[
        str | None, typer.Option(help="An arm: its label-error candidates among as many random correct cases.")
    ] = None,
) -> None:
    """Writes a folder for a reader: images in random order without names, a page, a sheet; beside it the key."""
    from cinemyo import config
    from cinemyo.layout import Layout
    from cinemyo.record.reading_export import export as write

    params = config.load()
    layout, drawn = Layout(params.study.name), params.seed if seed is None else seed
    key, secret = write(out, params=params, layout=layout, count=cines, rereadings=rereadings, seed=drawn, mix=mix)
    again = int((key["reading"] > 1).sum())
    told = f"{len(key)} items, {again} of them rereadings"
    typer.echo(f"{out.as_posix()}: {told}; give this folder to the reader and keep {secret.as_posix()} apart")


@readers.command()
def collect(
    key: Annotated[Path, typer.Argument(help="The key that `cinemyo readers export` wrote beside the folder.")],
    sheets: Annotated[list[Path], typer.Argument(help="Answered sheets of one reader.")],
    *,
    reader: Annotated[str, typer.Option(help="The reader's role, such as reader_1; never a name.")],
    out: Annotated[Path, typer.Option(help="The readers' sheet; added to if it is there.")] = Path("data/readers.csv"),
    first_reading: Annotated[int, typer.Option(min=1, help="Of the set; 2 or more for a later set.")] = 1,
) -> None:
    """Joins answered sheets to the cines and adds them to the readers' sheet."""
    from cinemyo import config
    from cinemyo.record.reading_answers import collect as join

    study = Path(config.load().sheets.readers)
    found = join(key, sheets=sheets, reader=reader, out=out, study=study, first=first_reading)
    told = f"{found.added} readings of {reader} added, {found.unanswered} items without an answer"
    hint = "" if out == study else f"; {study.as_posix()} is what the study reads (conf/sheets)"
    typer.echo(f"{out.as_posix()}: {told}, {found.total} rows{hint}")
