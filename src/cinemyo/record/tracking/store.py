"""Runs written to MLflow, found or created by study, arm, fold and content; the only door to mlflow."""

import json
import logging
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cinemyo.errors import SetupError
from cinemyo.record.tracking.entry import Data, Entry
from cinemyo.tables import write_bytes

STORE: Final = "MLFLOW_TRACKING_URI"
OFFLINE: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "1",
}
DIGEST_LENGTH: Final = 36
"""MLflow keeps this much of a data digest."""
PARAMS_PER_BATCH: Final = 100
METRICS_PER_BATCH: Final = 1000
NEUTRAL: Final = {"mlflow.user": "cinemyo", "mlflow.source.name": "cinemyo", "mlflow.source.type": "PROJECT"}
"""Instead of the user's name and the path of the script."""
KIND: Final = {"mlflow.experimentKind": "custom_model_development"}
"""The page of an experiment then opens on runs, not on chats."""


class Store:
    """The embedded store under `mlruns/`, or the server that MLFLOW_TRACKING_URI names.

    The embedded store keeps artifacts by relative name (`mlflow-artifacts:/`), so that it holds no path of a machine
    and can be moved; `make ui` serves it.
    """

    def __init__(self, base: Path = Path()) -> None:
        os.environ.update({key: value for key, value in OFFLINE.items() if key not in os.environ})
        # mlflow keeps a connection for each address, which must not mean another file in another folder
        place = base.absolute() / "mlruns"
        self.folder = place / "artifacts"
        self.uri = os.environ.get(STORE) or f"sqlite:///{(place / 'mlflow.db').as_posix()}"
        self.embedded = not os.environ.get(STORE)
        with _quiet():
            from mlflow.tracking import MlflowClient

            # a new store speaks up once per step of its making
            for name in ("mlflow", "alembic"):
                logging.getLogger(name).setLevel(logging.WARNING)
            if self.embedded:
                _create(self.uri, folder=self.folder)
            self.client = MlflowClient(self.uri)

    def record(self, entries: Sequence[Entry], *, study: str) -> dict[str, str]:
        """Run ids by name; of a run that is there already, complete and equal, the pointers alone are set anew.

        Raises:
            SetupError: the store does not answer.
        """
        try:
            experiment = self._experiment(study)
            done = self._complete(experiment)
            ids: dict[str, str] = {}
            for entry in entries:
                ids |= self._record(entry, experiment=experiment, done=done)
            return ids
        except _mlflow_error() as error:
            got = str(error).splitlines()[0][:200]
            remedy = f"start the server, or unset {STORE} to use the embedded store"
            raise SetupError(
                f"tracking store {'mlruns/mlflow.db' if self.embedded else _shown(self.uri)}",
                expected="an answer",
                got=got,
                remedy=remedy,
            ) from error

    def _experiment(self, study: str) -> str:
        found = self.client.get_experiment_by_name(study)
        if found is not None:
            return str(found.experiment_id)
        location = "mlflow-artifacts:/" if self.embedded else None
        return str(self.client.create_experiment(study, artifact_location=location, tags=KIND))

    def _complete(self, experiment: str) -> dict[tuple[str, ...], str]:
        """Ids of the finished runs of an experiment by their identity."""
        runs: dict[tuple[str, ...], str] = {}
        token = None
        while True:
            page = self.client.search_runs([experiment], "status = 'FINISHED'", max_results=1000, page_token=token)
            for run in page:
                runs[tuple(run.data.tags.get(key, "") for key in ("study", "arm", "fold", "content"))] = run.info.run_id
            token = page.token
            if not token:
                return runs

    def _record(
        self, entry: Entry, *, experiment: str, done: Mapping[tuple[str, ...], str], parent: str | None = None
    ) -> dict[str, str]:
        identity = entry.identity
        known = done.get(tuple(identity.values()))
        if known:
            self._point(entry, done=done)
            return {entry.name: known}
        tags = {**NEUTRAL, **entry.tags, **entry.pointers, **identity} | (
            {"mlflow.parentRunId": parent} if parent else {}
        )
        with self._run(experiment, name=entry.name, tags=tags) as run_id:
            self._fill(run_id, entry)
            ids = {entry.name: run_id}
            for child in entry.children:
                ids |= self._record(child, experiment=experiment, done={}, parent=run_id)
        return ids

    def _point(self, entry: Entry, *, done: Mapping[tuple[str, ...], str]) -> None:
        """Sets the pointers of a run that is there already, and of its folds."""
        run_id = done.get(tuple(entry.identity.values()))
        if run_id:
            for key, value in entry.pointers.items():
                self.client.set_tag(run_id, key, value)
        for child in entry.children:
            self._point(child, done=done)

    @contextmanager
    def _run(self, experiment: str, *, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """A run that ends FINISHED, or FAILED where anything goes wrong inside."""
        run_id = str(self.client.create_run(experiment, tags=dict(tags), run_name=name).info.run_id)
        status = "FAILED"
        try:
            yield run_id
            status = "FINISHED"
        finally:
            self.client.set_terminated(run_id, status=status)

    def _fill(self, run_id: str, entry: Entry) -> None:
        from mlflow import entities

        now = int(time.time() * 1000)
        params = [entities.Param(key, value) for key, value in entry.params.items()]
        metrics = [entities.Metric(item.key, item.value, now, item.step) for item in entry.metrics]
        for start in range(0, len(params), PARAMS_PER_BATCH):
            self.client.log_batch(run_id, params=params[start : start + PARAMS_PER_BATCH])
        for start in range(0, len(metrics), METRICS_PER_BATCH):
            self.client.log_batch(run_id, metrics=metrics[start : start + METRICS_PER_BATCH])
        if entry.data:
            self.client.log_inputs(run_id, datasets=[_dataset(item) for item in entry.data])
        for name, path in entry.files.items():
            self._keep(run_id, name, path=path)
        for name, value in entry.documents.items():
            self._keep_text(run_id, name, text=json.dumps(value, indent=1, sort_keys=True) + "\n")

    def _keep(self, run_id: str, name: str, *, path: Path) -> None:
        if self.embedded:
            target = self._place(run_id, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            return
        folder = Path(name).parent.as_posix()
        self.client.log_artifact(run_id, str(path), None if folder == "." else folder)

    def _keep_text(self, run_id: str, name: str, *, text: str) -> None:
        if self.embedded:
            write_bytes(self._place(run_id, name), text.encode())
            return
        self.client.log_text(run_id, text, name)

    def _place(self, run_id: str, name: str) -> Path:
        """Where a server with this artifacts folder finds `mlflow-artifacts:/<run>/artifacts/<name>`."""
        return self.folder / run_id / "artifacts" / name


def _create(uri: str, *, folder: Path) -> None:
    """Makes the tables of the embedded store, without the absolute path that mlflow would write into it."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder.mkdir(parents=True, exist_ok=True)
    SqlAlchemyStore(uri, "mlflow-artifacts:/")  # type: ignore[no-untyped-call]


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides what mlflow's own tables raise in sqlalchemy 2.1, and only that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The ``noload`` loader", category=DeprecationWarning)
        yield


def _dataset(data: Data) -> Any:
    from mlflow import entities

    source = json.dumps({"uri": data.path})
    dataset = entities.Dataset(
        name=Path(data.path).name, digest=data.digest[:DIGEST_LENGTH], source_type="local", source=source
    )
    tags = {"mlflow.data.context": data.context, "sha256": data.digest}
    return entities.DatasetInput(dataset, tags=[entities.InputTag(key, value) for key, value in tags.items()])


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    return MlflowException


def _shown(uri: str) -> str:
    """A store's address without user and password."""
    scheme, separator, rest = uri.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
