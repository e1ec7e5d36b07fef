"""The commands `cinemyo audit leaks`, `export` and `labels`."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from cinemyo.cli_audit_study import history, study
from cinemyo.errors import CinemyoError

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Format = Literal["ro-crate", "prov", "pdf"]


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

    try:
        found = check(table, columns=Columns(patient, split, by, image), root=root)
    except CinemyoError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from None
    found = with_look_alikes(found) if near else found
    found = found if show else without_names(found)
    typer.echo(json.dumps(as_values(found), indent=1) if as_json else "\n".join(as_lines(found)))
    raise typer.Exit(found.status)


def export(
    *,
    kind: Annotated[
        Format, typer.Option("--format", help="ro-crate: a folder with all of it; prov: PROV-JSON; pdf: to print.")
    ],
    out: Annotated[Path, typer.Option(help="A path that is not there yet.")],
    patients: Annotated[
        bool, typer.Option("--patients", help="Adds which source files became which cine of which patient, keyed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Writes the lineage of the study for who has no cinemyo; counts alone, no pseudonym, no image of a patient."""
    from datetime import UTC, datetime

    from cinemyo.audit.details import Details
    from cinemyo.audit.export.derivations import cines_of
    from cinemyo.audit.export.statement import statement
    from cinemyo.audit.export.write import write
    from cinemyo.audit.graph import read_graph
    from cinemyo.audit.ledger import Ledger

    params, layout = study()
    graph = read_graph(provenance=layout.data / "provenance")
    now = datetime.now(UTC)
    told = statement(params, layout=layout, graph=graph, records=Ledger().records(), details=Details(), now=now)
    copied = write(told, out, kind=kind, cines=cines_of(layout) if patients else None)
    made = {"out": out.as_posix(), "format": kind, "head": told.head, "items": len(told.items), "copied": copied}
    text = f"{out.as_posix()}: {len(told.items)} files and folders of {len(told.runs)} stages, {len(copied)} copied"
    typer.echo(json.dumps(made, indent=1) if as_json else f"{text}; head of the ledger {told.head}")


def labels(
    *,
    cines: Annotated[bool, typer.Option("--cines", help="What changed of which cine.")] = False,
    as_json: Json = False,
) -> None:
    """Lists the versions of the labels: when, by which role, what changed, and which results stand on each."""
    from cinemyo.audit.details import Details
    from cinemyo.audit.labels import as_text, versions

    study()
    found = versions(history(), details=Details() if cines else None)
    typer.echo(json.dumps([asdict(version) for version in found], indent=1) if as_json else as_text(found))


COMMANDS: Final[dict[str, Callable[..., None]]] = {"leaks": leaks, "export": export, "labels": labels}
