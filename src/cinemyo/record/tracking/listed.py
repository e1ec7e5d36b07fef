"""All runs of the tracking store with tags, data and files, for the audit; read, never written."""

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.errors import SetupError
from cinemyo.record.tracking.store import STORE, Store

EXPLORING: Final = ("sweep", "tune")
"""Tag `kind` of the runs that look for an arm; their experiments are named `<study>_<kind>`."""


@dataclass(frozen=True)
class Run:
    """A run in any state, deleted ones included: they keep their files until the store is cleaned."""

    run_id: str
    name: str
    experiment: str
    tags: Mapping[str, str]
    inputs: tuple[Mapping[str, str], ...]
    """Data that it read: path, digest (as far as MLflow keeps it) and context."""
    files: tuple[str, ...]
    """Names of its artifacts."""


def experiments(study: str) -> tuple[str, ...]:
    """The experiments that a study's data went into: its own, and those of its sweeps and searches."""
    return (study, *(f"{study}_{kind}" for kind in EXPLORING))


def runs_of(base: Path = Path()) -> list[Run]:
    """The runs of the embedded store, or of the server that MLFLOW_TRACKING_URI names; none where there is no store.

    The embedded store is read as a file, which takes a fraction of the time in which mlflow itself is imported.

    Raises:
        SetupError: the store cannot be read.
    """
    if os.environ.get(STORE):
        return list(_served(Store(base)))
    database = base / "mlruns" / "mlflow.db"
    if not database.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return list(_embedded(connection, folder=base / "mlruns" / "artifacts"))
    except sqlite3.Error as error:
        remedy = "restore mlruns/, or delete it and run `make record`"
        raise SetupError("tracking store", expected="MLflow's tables", got=str(error), remedy=remedy) from None


def _embedded(connection: sqlite3.Connection, *, folder: Path) -> Iterator[Run]:
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    for run_id, key, value in connection.execute("SELECT run_uuid, key, value FROM tags"):
        tags[run_id][key] = value
    inputs: dict[str, list[dict[str, str]]] = defaultdict(list)
    for run_id, source, digest, context in connection.execute(_INPUTS):
        inputs[run_id].append({"path": _uri(source), "digest": digest, "context": context or ""})
    rows = "SELECT r.run_uuid, r.name, e.name FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id"
    for run_id, name, experiment in connection.execute(f"{rows} ORDER BY r.start_time, r.run_uuid"):
        own = folder / run_id / "artifacts"
        files = sorted(path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file())
        yield Run(run_id, name, experiment, tags[run_id], tuple(inputs[run_id]), tuple(files))


_INPUTS = """
SELECT i.destination_id, d.dataset_source, d.digest, t.value
FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'
WHERE i.destination_type = 'RUN'
"""


def _uri(source: str) -> str:
    try:
        found = json.loads(source)
    except ValueError:
        return source
    return str(found.get("uri", source)) if isinstance(found, dict) else source


def _served(store: Store) -> Iterator[Run]:
    from mlflow.entities import ViewType

    for experiment in store.client.search_experiments(view_type=ViewType.ALL):
        token = None
        while True:
            page = store.client.search_runs(
                [experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000, page_token=token
            )
            for run in page:
                data = [
                    {
                        "path": _uri(item.dataset.source),
                        "digest": item.dataset.digest,
                        "context": next((tag.value for tag in item.tags if tag.key == "mlflow.data.context"), ""),
                    }
                    for item in (run.inputs.dataset_inputs if run.inputs else ())
                ]
                files = tuple(_files(store, run.info.run_id, folder=None))
                tags = dict(run.data.tags)
                yield Run(run.info.run_id, run.info.run_name, experiment.name, tags, tuple(data), files)
            token = page.token
            if not token:
                break


def _files(store: Store, run_id: str, *, folder: str | None) -> Iterator[str]:
    for item in store.client.list_artifacts(run_id, folder):
        if item.is_dir:
            yield from _files(store, run_id, folder=item.path)
        else:
            yield str(item.path)
