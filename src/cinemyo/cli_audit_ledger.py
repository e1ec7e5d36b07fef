"""The commands `cinemyo audit` about the ledger: lineage, verify, access, anchor, merge."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def lineage() -> None:
    """Writes reports/lineage.csv: every artefact with its stage, command, params, inputs and hashes."""
    from cinemyo import tables
    from cinemyo.record.lineage import LINEAGE
    from cinemyo.record.lineage import lineage as found

    frame = found()
    path = Path("reports") / "lineage.csv"
    tables.write(frame, table=LINEAGE, path=path)
    states = ", ".join(f"{count} {state}" for state, count in frame["state"].value_counts().items())
    typer.echo(f"{path.as_posix()}: {len(frame)} artefacts of {frame['stage'].nunique()} stages; {states}")


def trace(
    cine_id: Annotated[str, typer.Argument(help="An id of cines.csv or exclusions.csv.")], *, as_json: Json = False
) -> None:
    """Lists what a cine went into: files, region, canvases, folds, models, predictions, heat maps."""
    from cinemyo import config
    from cinemyo.layout import Layout
    from cinemyo.record.trace import as_text
    from cinemyo.record.trace import trace as found

    params = config.load()
    steps = found(cine_id, params=params, layout=Layout(params.study.name))
    typer.echo(json.dumps([asdict(step) for step in steps], indent=1) if as_json else as_text(steps))


COMMANDS: Final[dict[str, Callable[..., None]]] = {"lineage": lineage, "trace": trace}
