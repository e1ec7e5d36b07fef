"""What DVC keeps of the project's outputs, in every version that it still has, here and in local remotes."""

import configparser
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.audit.names import names_under

FILES: Final = Path("files") / "md5"
OBJECT: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?$")


@dataclass(frozen=True)
class Object:
    """A file of a cache or remote, and the names under which folders list it."""

    path: Path
    md5: str
    """With `.dir` for the list of a folder."""
    listed: tuple[str, ...] = ()
    """Names below the folders that hold it, from every list that is there."""


@dataclass(frozen=True)
class Remote:
    """A place that DVC pushes to."""

    name: str
    folder: Path | None
    """None where it is not a folder that can be read here."""


def stores_of(base: Path) -> list[Path]:
    """The cache, and every remote that is a folder here."""
    config = _config(base)
    cache = Path(config.get("cache", "dir", fallback=".dvc/cache").strip('"'))
    first = cache if cache.is_absolute() else base / (cache if cache.parts[:1] == (".dvc",) else Path(".dvc") / cache)
    return [first, *(remote.folder for remote in remotes(base) if remote.folder)]


def remotes(base: Path) -> list[Remote]:
    """The remotes of the project, with their folders where they are some."""
    config = _config(base)
    found = []
    for section in config.sections():
        if not section.strip("'").startswith("remote "):
            continue
        name, url = section.strip("'").removeprefix("remote ").strip('"'), config[section].get("url", "").strip('"')
        plain = url.removeprefix("file://")
        folder = Path(plain) if Path(plain).is_absolute() else base / ".dvc" / plain
        is_folder = "://" not in plain and folder.is_dir()
        found.append(Remote(name, folder if is_folder else None))
    return found


def _config(base: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read([base / ".dvc" / "config", base / ".dvc" / "config.local"], encoding="utf-8")
    return config


def objects_of(store: Path) -> list[Object]:
    """Every object of a store; none where there is no store."""
    top = store / FILES
    found = {name.replace("/", ""): top / name for name in names_under("", base=top) if OBJECT.match(name)}
    names: dict[str, list[str]] = defaultdict(list)
    for md5, path in found.items():
        if md5.endswith(".dir"):
            for item, relative in listing(path).items():
                names[relative].append(item)
    return [Object(path, md5, tuple(names.get(md5, ()))) for md5, path in found.items()]


def listing(path: Path) -> Mapping[str, str]:
    """MD5 by name of the files of a folder, from DVC's list of it; nothing from a damaged list."""
    try:
        items = json.loads(path.read_bytes())
        return {str(item["relpath"]): str(item["md5"]) for item in items}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def older_cines(objects: list[Object]) -> Iterator[Path]:
    """Objects that may be an earlier version of the table of cines."""
    for own in objects:
        if not own.listed and not own.md5.endswith(".dir"):
            with own.path.open("rb") as file:
                if file.read(19) == b"cine_id,patient_id,":
                    yield own.path
