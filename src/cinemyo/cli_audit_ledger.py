"""The commands `cinemyo audit` about the ledger: lineage, reconcile, verify, access, anchor, merge."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from cinemyo.cli_audit_study import history, study

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def lineage() -> None:
    """Writes reports/lineage.csv: every artefact with its stage, command, params, inputs and hashes."""
    from cinemyo import tables
    from cinemyo.record.lineage import LINEAGE
    from cinemyo.record.lineage import lineage as found

    if Path("params.yaml").is_file():
        study()
    frame = found()
    path = Path("reports") / "lineage.csv"
    tables.write(frame, table=LINEAGE, path=path)
    states = ", ".join(f"{count} {state}" for state, count in frame["state"].value_counts().items())
    typer.echo(f"{path.as_posix()}: {len(frame)} artefacts of {frame['stage'].nunique()} stages; {states}")


def verify(
    *,
    anchor: Annotated[
        list[Path] | None, typer.Option(help="A file of `audit anchor` that is kept elsewhere; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compares everything with the ledger and names what differs: records, files, tables, folds, code; status 1."""
    from cinemyo import config
    from cinemyo.audit.verify import verify as verdict_on
    from cinemyo.layout import Layout

    params = config.load()
    verdict = verdict_on(params, layout=Layout(params.study.name), anchors=anchor or [])
    typer.echo(json.dumps(verdict.values(), indent=1) if as_json else verdict.text())
    raise typer.Exit(0 if verdict.holds else 1)


def reconcile(*, as_json: Json = False) -> None:
    """Takes what the stages left into the ledger, as every other command does first; `make repro` ends with it."""
    from collections import Counter

    from cinemyo import config
    from cinemyo.audit.reconcile import reconcile as reconciled
    from cinemyo.layout import Layout

    made = Counter(record.kind for record in reconciled(config.load(), layout=Layout(config.load().study.name)))
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(made.items())) or "nothing new"
    typer.echo(json.dumps(dict(made), indent=1) if as_json else f"audit/ledger.jsonl: {told}")


def access(*, as_json: Json = False) -> None:
    """Lists who ran which stage or command, when, with which outcome and from which commit; nothing is ever removed."""
    from cinemyo.audit.access import accesses, as_text

    study()
    found = accesses(history())
    typer.echo(json.dumps([asdict(run) for run in found], indent=1) if as_json else as_text(found))


def anchor(
    *,
    out: Annotated[Path, typer.Option(help="A new file, to be kept where the ledger cannot be written from.")],
    as_json: Json = False,
) -> None:
    """Writes the head of the ledger to a file to be given away, and shows how to put it into a signed tag."""
    from cinemyo.audit.anchor import anchor as anchored

    study()
    made = anchored(out)
    if as_json:
        typer.echo(json.dumps(asdict(made), indent=1))
        return
    tag = f"git tag -s audit-{made.records} -F {out.as_posix()}"
    typer.echo(f"{made.text()}\n{out.as_posix()}: give it away, or run `{tag}` and push the tag")


def merge(
    other: Annotated[Path, typer.Argument(help="The ledger of another clone or branch: its file, or its folder.")],
    *,
    as_json: Json = False,
) -> None:
    """Takes the records of another ledger over into this one, with their own hashes; both chains stay verifiable."""
    from cinemyo.audit.merge import merge as merged

    _, layout = study()
    made = merged(other, layout=layout)
    if as_json:
        typer.echo(json.dumps(asdict(made), indent=1))
        return
    shared = f"{made.common} records in common"
    took = f"{made.adopted} records and {made.contents} contents taken over" if made.adopted else "nothing new"
    typer.echo(f"{other.as_posix()}: {shared}, {took}; its head {made.head or 'none'}")


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "lineage": lineage,
    "reconcile": reconcile,
    "verify": verify,
    "access": access,
    "anchor": anchor,
    "merge": merge,
}
