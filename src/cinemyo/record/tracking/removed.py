"""Files of runs taken away, and runs marked, where a patient withdrew; the store then keeps no free page of them."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from cinemyo.errors import SetupError
from cinemyo.record.tracking.store import STORE, Store

CONTAINS: Final = "contains_withdrawn"
"""The tag of a run that a patient went into who withdrew since: the certificates, parted by blanks."""


def artifact(run_id: str, name: str, *, base: Path = Path()) -> bytes:
    """The content of a file of a run.

    Raises:
        SetupError: the server does not give it.
    """
    if not os.environ.get(STORE):
        return _place(run_id, name, base=base).read_bytes()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return Path(Store(base).client.download_artifacts(run_id, name, folder)).read_bytes()
    except Exception as error:  # each kind of server has exceptions of its own
        raise _silent(error) from None


def remove_artifact(run_id: str, name: str, *, base: Path = Path()) -> None:
    """Deletes a file of a run; nothing where it is gone.

    Raises:
        SetupError: the server refuses.
    """
    if not os.environ.get(STORE):
        _place(run_id, name, base=base).unlink(missing_ok=True)
        return
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        run = Store(base).client.get_run(run_id)
        repository: Any = get_artifact_repository(run.info.artifact_uri, tracking_uri=os.environ[STORE])
        repository.delete_artifacts(name)
    except Exception as error:
        raise _silent(error) from None


def mark(run_id: str, certificate: str, *, base: Path = Path()) -> None:
    """Adds a certificate to the tag of a run; nothing where it is there already.

    Raises:
        SetupError: the store does not answer.
    """
    try:
        client = Store(base).client
        told = client.get_run(run_id).data.tags.get(CONTAINS, "").split()
        if certificate not in told:
            client.set_tag(run_id, CONTAINS, " ".join([*told, certificate]))
    except Exception as error:
        raise _silent(error) from None


def compact(base: Path = Path()) -> None:
    """Writes the embedded store anew, so that no page of it holds what was deleted."""
    database = base / "mlruns" / "mlflow.db"
    if os.environ.get(STORE) or not database.is_file():
        return
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("VACUUM")


def _place(run_id: str, name: str, *, base: Path) -> Path:
    return base / "mlruns" / "artifacts" / run_id / "artifacts" / name


def _silent(error: Exception) -> SetupError:
    got, remedy = type(error).__name__, "start the server and run the same command again"
    return SetupError("tracking store", expected="an answer", got=got, remedy=remedy)
