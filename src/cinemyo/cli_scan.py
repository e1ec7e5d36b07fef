"""The command `cinemyo scan-phi`: finds identities in anything that a study leaves behind."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cinemyo.errors import CinemyoError


def scan_phi(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; none is a clean result.")] = None,
    *,
    known: Annotated[
        Path | None, typer.Option(envvar="CINEMYO_KNOWN_FILE", help="CSV, JSON or lines of values; mode 0600.")
    ] = None,
    dicom: Annotated[
        Path | None, typer.Option(help="A DICOM export whose names, numbers, dates and UIDs must appear nowhere.")
    ] = None,
    git: Annotated[
        bool, typer.Option("--git", help="Each PATH is a repository: its files that are not ignored, and its history.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable; never a value.")] = False,
    allow: Annotated[
        Path | None, typer.Option(help="Reviewed finds: kind, glob, reason; .scan-phi-allow if it is there.")
    ] = None,
    max_bytes: Annotated[int, typer.Option(min=1, help="The most that is unpacked from one file.")] = 1 << 30,
    show: Annotated[bool, typer.Option("--show", help="What was found; on a terminal alone.")] = False,
) -> None:
    """Searches for identities; says where and of what kind, never what; 0 none, 1 some, 2 not all could be searched."""
    from cinemyo.scan.allow import read_rules
    from cinemyo.scan.dicom import known_values
    from cinemyo.scan.finds import as_lines, as_values, shown
    from cinemyo.scan.search import Search
    from cinemyo.scan.values import read_values

    if show and not sys.stdout.isatty():
        typer.echo("--show: expected a terminal, got a file or pipe; values must not be written anywhere", err=True)
        raise typer.Exit(2)
    try:
        values = [*(read_values(known) if known else ()), *(known_values(dicom) if dicom else ())]
        rules = read_rules(allow)
        search = Search.of(values, rules=rules, max_bytes=max_bytes)
        for path in paths or []:
            search.repository(path) if git else search.tree(path)
    except CinemyoError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from None
    report = search.report
    lines = shown(report) if show else []
    lines += [json.dumps(as_values(report, rules=rules), indent=1)] if as_json else as_lines(report, rules=rules)
    typer.echo("\n".join(lines))
    raise typer.Exit(report.status)
