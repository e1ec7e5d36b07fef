"""Runs of the tracking store found again, with their images."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinemyo.errors import SetupError
from cinemyo.record.tracking.store import Store

PAGE = 1000


@dataclass(frozen=True)
class Found:
    """A finished run: its id, name, study, parameters, last metrics and tags."""

    run_id: str
    name: str
    study: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    started: int
    """Milliseconds since 1970, by which the newer of two runs is known."""


def find(store: Store, *, study: str, query: str = "") -> list[Found]:
    """Finished runs of a study that a query of MLflow's search syntax selects, the newest first.

    Raises:
        SetupError: the store does not answer, knows no such study, or does not understand the query.
    """
    from mlflow.exceptions import MlflowException

    experiment = store.client.get_experiment_by_name(study)
    if experiment is None:
        known = ", ".join(item.name for item in store.client.search_experiments()) or "none"
        remedy = "name one of these, or run `make repro`"
        raise SetupError("tracking store", expected=f"the study {study}", got=f"studies {known}", remedy=remedy)
    words = " and ".join(filter(None, ["status = 'FINISHED'", query]))
    found: list[Found] = []
    token = None
    try:
        while True:
            page = store.client.search_runs([experiment.experiment_id], words, max_results=PAGE, page_token=token)
            found += [_found(run, study=study) for run in page]
            token = page.token
            if not token:
                return sorted(found, key=lambda run: -run.started)
    except MlflowException as error:
        got = str(error).splitlines()[0][:200]
        remedy = "write the filter as in MLflow's UI, such as tags.target = 'pathology'"
        raise SetupError("filter", expected="MLflow's search syntax", got=got, remedy=remedy) from None


def _found(run: object, *, study: str) -> Found:
    info, data = run.info, run.data  # type: ignore[attr-defined]
    return Found(
        run_id=str(info.run_id),
        name=str(info.run_name),
        study=study,
        params=dict(data.params),
        metrics=dict(data.metrics),
        tags=dict(data.tags),
        started=int(info.start_time),
    )


def images(store: Store, run: Found) -> list[str]:
    """Names of the PNG files of a run, folders included."""
    if store.embedded:
        folder = store.folder / run.run_id / "artifacts"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    return sorted(_listed(store, run, folder=None))


def _listed(store: Store, run: Found, *, folder: str | None) -> Sequence[str]:
    names: list[str] = []
    for item in store.client.list_artifacts(run.run_id, folder):
        if item.is_dir:
            names += _listed(store, run, folder=item.path)
        elif item.path.endswith(".png"):
            names.append(item.path)
    return names


def image(store: Store, run: Found, *, name: str) -> bytes:
    """The bytes of an image of a run.

    Raises:
        SetupError: the run has no such file.
    """
    if store.embedded:
        path = store.folder / run.run_id / "artifacts" / name
        if not path.is_file():
            raise SetupError(f"run {run.name}", expected=f"the file {name}", got="none", remedy="run `make record`")
        return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        return Path(store.client.download_artifacts(run.run_id, name, folder)).read_bytes()
