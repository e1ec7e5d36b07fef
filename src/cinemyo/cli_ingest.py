"""The command `cinemyo ingest`: any folder read outside a study, and told what became of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from cinemyo.config import Source
    from cinemyo.deid.keys import Key
    from cinemyo.sources.base import SourceKind
    from cinemyo.sources.folder import Watches


class Kind(StrEnum):
    """What lies in the folder."""

    auto = "auto"
    dicom = "dicom"
    acdc = "acdc"
    mnms = "mnms"
    mnms2 = "mnms2"
    sunnybrook = "sunnybrook"
    nifti = "nifti"


class Mode(StrEnum):
    """How pseudonyms are made."""

    published = "published"
    file = "file"
    random_table = "random_table"


_KINDS: Final[dict[Kind, "SourceKind"]] = {
    Kind.dicom: "dicom",
    Kind.acdc: "acdc",
    Kind.mnms: "mnms",
    Kind.mnms2: "mnms2",
    Kind.sunnybrook: "sunnybrook",
    Kind.nifti: "nifti",
}
WARNING: Final = (
    "warning: under the published key anyone who can list the patients' numbers finds each patient again; it is for"
    " phantoms and public releases"
)


def ingest(
    root: Annotated[Path, typer.Argument(help="A folder of images in any layout; zip exports are read too.")],
    *,
    out: Annotated[Path | None, typer.Option(help="A new or empty folder outside ROOT; not for --dry-run.")] = None,
    source: Annotated[Kind, typer.Option(help="What lies in ROOT; found out if none is said.")] = Kind.auto,
    labels: Annotated[Path | None, typer.Option(help="The label sheet, joined to the cines.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Headers alone; writes nothing.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one per core if none is said.")] = None,
    key: Annotated[
        Mode | None, typer.Option(help="Of the pseudonyms; `file` (CINEMYO_KEY_FILE), but for public releases.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Turns a folder into cines without identity, and says what was found, used and left out, and why.

    Ended at any time and run again, it goes on from what is finished.
    """
    from cinemyo.sources.detected import detect
    from cinemyo.sources.told import told_lines
    from cinemyo.sources.usual import usual

    if out is None and not dry_run:
        raise typer.BadParameter("name a folder for the outputs, or say --dry-run", param_hint="--out")
    kind: SourceKind = detect(root) if source is Kind.auto else _KINDS[source]
    named = usual(kind, root, labels=labels)
    if key is not None and hasattr(named, "key"):
        named = named.model_copy(update={"key": key.value})
    if key is Mode.published:
        typer.echo(WARNING, err=True)
    about = {"root": str(root), "source": kind}
    found = _dry(named, workers) if out is None or dry_run else _whole(named, out, labels, workers)
    typer.echo(json.dumps(about | found, indent=1) if as_json else "\n".join(told_lines(about | found)))


def _whole(source: "Source", out: Path, labels: Path | None, workers: int | None) -> dict[str, Any]:
    from cinemyo.sources.folder import ingest_folder, label_folder
    from cinemyo.sources.keyed import key_of
    from cinemyo.sources.sheet import read_sheet

    key = key_of(source)
    if labels is not None:
        read_sheet(labels)  # a fault of the sheet is told before hours of reading
    with _progress(source) as watches:
        done, outcome = ingest_folder(source, out=out, key=key, workers=workers, watches=watches)
    found = {"out": str(out), "key": key.id, "parts": done.parts, "parts_reused": done.reused, **outcome.as_values()}
    return found if labels is None else found | {"labels": label_folder(labels, out=out, key=key)}


def _dry(source: "Source", workers: int | None) -> dict[str, Any]:
    from cinemyo.sources.folder import opened
    from cinemyo.sources.foreseen import foresee
    from cinemyo.sources.opened import count_of

    key = _throwaway()
    with _progress(source) as watches:
        reader = opened(source, key=key, workers=workers, watch=watches.files)
        return {"dry_run": True, **foresee(reader, key=key, found=count_of(source)).as_values()}


def _throwaway() -> "Key":
    """A key that nobody ever sees: what a dry run counts is written nowhere."""
    import secrets

    from cinemyo.deid.keys import KEY_BYTES, Key

    return Key(secrets.token_bytes(KEY_BYTES))


@contextmanager
def _progress(source: "Source") -> Iterator["Watches"]:
    """Bars on stderr, where that is a terminal."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    from cinemyo.sources.folder import Watches
    from cinemyo.sources.opened import count_of

    tqdm.monitor_interval = 0  # its thread would be half copied into the workers
    with (
        tqdm(total=count_of(source), desc="headers", unit=" files", disable=None, leave=False) as files,
        tqdm(desc="pixels", unit=" cines", disable=None, leave=False) as cines,
    ):
        yield Watches(files.update, cines.update)
