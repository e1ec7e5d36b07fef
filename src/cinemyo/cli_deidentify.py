"""The commands `cinemyo deidentify`, which writes images for sharing, and `cinemyo locate`, which finds one again."""

import json
import os
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cinemyo.errors import SetupError


class Mode(StrEnum):
    """How pseudonyms are made."""

    published = "published"
    file = "file"
    random_table = "random_table"


Key = Annotated[
    Mode,
    typer.Option(help="file and random_table need CINEMYO_KEY_FILE; published is for identifiers that are public."),
]


def deidentify(
    root: Annotated[Path, typer.Argument(help="A folder of DICOM files or zip archives of them, in any layout.")],
    *,
    out: Annotated[Path, typer.Option(help="A new or empty folder outside ROOT.")],
    key: Key = Mode.file,
    cleared: Annotated[
        Path | None, typer.Option(help="The review.csv of a former run, with a role where a person saw no text.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one per core if none is said.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Writes MR images without identity for sharing, those to look at apart, and a manifest of every file."""
    from cinemyo.deid.clearance import read_cleared
    from cinemyo.deid.keys import load_key
    from cinemyo.deid.sharing import deidentify as write

    decided = read_cleared(cleared) if cleared else {}
    summary = write(root, out=out, key=load_key(key.value), workers=workers, cleared=decided)
    typer.echo(json.dumps({"found": summary.found, **asdict(summary)}) if as_json else str(summary))


def locate(
    code: Annotated[str, typer.Argument(metavar="ID", help="Of a patient, exam, series, cine, instance or file.")],
    *,
    source: Annotated[Path, typer.Option(help="The folder that was read.")],
    key: Key = Mode.file,
    out: Annotated[Path | None, typer.Option(help="A new file for the paths, for its owner alone.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one per core if none is said.")] = None,
) -> None:
    """Shows the files that a pseudonym stands for; on a terminal only, or in a file of mode 0600."""
    from cinemyo.deid.keys import load_key
    from cinemyo.deid.locate import locate as find

    if out is None and not is_terminal():
        raise SetupError(
            "cinemyo locate",
            expected="a terminal to show names on",
            got="a pipe or a log",
            remedy="say --out FILE, a new file that its owner alone can read",
        )
    found = find(code, root=source, key=load_key(key.value), workers=workers)
    if out is None:
        typer.echo("\n".join(found))
        return
    _write(out, "".join(f"{name}\n" for name in found))
    typer.echo(f"{len(found)} names written")


def is_terminal() -> bool:
    """Whether what is shown goes to a person's screen and not to a pipe or a log."""
    return sys.stdout.isatty()


def _write(path: Path, text: str) -> None:
    """Writes a new file for its owner alone.

    Raises:
        SetupError: it is there already, or its folder cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SetupError("--out", expected="a new file", got=str(error.strerror), remedy="choose another") from None
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
