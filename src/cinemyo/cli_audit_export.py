"""The commands `cinemyo audit leaks`, `export` and `labels`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def leaks(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file with a row per image or patient.")],
    *,
    patient: Annotated[str, typer.Option(help="The column that tells the patient.")],
    split: Annotated[
        str | None, typer.Option(help="The column that tells the part: train and test, or a fold.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="A column each value of which is a split of its own, such as scheme.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="The column that names the image's file.")] = None,
    root: Annotated[Path | None, typer.Option(help="Where the images lie; beside the table if none is said.")] = None,
    near: Annotated[bool, typer.Option("--near", help="Look for images that look alike, too.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Name the patients, not the lines of the table alone.")] = False,
    as_json: Json = False,
) -> None:
    """Checks a split table for patients and images on both sides; 0 none, 1 some, 2 not all could be checked."""
    from cinemyo.audit.leaks.check import as_lines, as_values, check, with_look_alikes, without_names
    from cinemyo.audit.leaks.table import Columns

    found = check(table, columns=Columns(patient, split, by, image), root=root)
    found = with_look_alikes(found) if near else found
    found = found if show else without_names(found)
    typer.echo(json.dumps(as_values(found), indent=1) if as_json else "\n".join(as_lines(found)))
    raise typer.Exit(found.status)


COMMANDS: Final[dict[str, Callable[..., None]]] = {"leaks": leaks}
