"""Whether the tracking store answers."""

import os
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

from cinemyo.record.tracking.store import STORE


def fault(base: Path = Path()) -> str | None:
    """What is wrong with the store, in a few words; None where it answers, or can be made."""
    uri = os.environ.get(STORE)
    if uri:
        return _server_fault(uri)
    database = base / "mlruns" / "mlflow.db"
    if not database.exists():
        place = next(folder for folder in database.absolute().parents if folder.exists())
        return None if os.access(place, os.W_OK) else "its folder cannot be written"
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            connection.execute("select count(*) from experiments").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None


def _server_fault(uri: str) -> str | None:
    if not uri.startswith(("http://", "https://")):
        return None
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=5) as answer:
            return None if answer.status == 200 else f"status {answer.status}"
    except (OSError, ValueError) as error:
        return str(error)
