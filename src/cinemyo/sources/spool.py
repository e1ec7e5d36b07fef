"""What does not fit in memory, in a file without a name that is gone with the process however that ends."""

import sqlite3
from typing import Final

_SETTINGS: Final = ("cache_size = -1024", "journal_mode = OFF", "synchronous = OFF")


def temporary_database(*, tables: str) -> sqlite3.Connection:
    """A database of these tables; nobody else can open it."""
    database = sqlite3.connect("")
    for setting in _SETTINGS:
        database.execute(f"PRAGMA {setting}")
    database.executescript(tables)
    return database
