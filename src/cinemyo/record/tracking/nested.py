"""A parent run that goes on over several commands, with a run per item nested in it: each item once, in its last state.

What was left by a killed writer is mended by the next one: no item has two runs, and none is left running.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from cinemyo.errors import SetupError
from cinemyo.record.tracking.entry import Entry, Metric
from cinemyo.record.tracking.store import NEUTRAL, STORE, Store
from cinemyo.sweeping.lock import alone

Ended = Literal["FINISHED", "FAILED", "KILLED"]
ITEM: Final = "item"
"""The tag by which the run of an item, or of the parent, is found again, whatever its state."""
WAIT_S: Final = 60.0


@dataclass(frozen=True)
class Item:
    """What happened once under a parent: its key, its run, and how it ended (KILLED: stopped on purpose)."""

    key: str
    entry: Entry
    status: Ended = "FINISHED"


def record_nested(
    base: Path, parent: Entry, *, key: str, items: Sequence[Item], status: Ended | None, wait_s: float = WAIT_S
) -> dict[str, str]:
    """Run ids by key of the parent and of the items given; those recorded earlier stay under the parent.

    Between commands, and with `status` None, the parent is `SCHEDULED`: neither running nor ended.

    Raises:
        SetupError: the store does not answer, or another process holds it for longer than `wait_s` seconds.
    """
    with alone(base / "mlruns" / "nested.lock", wait_s=wait_s), _answering():
        store = _opened(base.absolute(), (os.getpid(), os.environ.get(STORE)))
        experiment = store._experiment(parent.study)
        known = _known(store, experiment)
        own = _parent(store, parent, key=key, experiment=experiment, known=known)
        ids = {item.key: _settled(store, item, experiment=experiment, parent=own, known=known) for item in items}
        _follow(store, own, parent)
        store.client.set_terminated(own, status=status) if status else store.client.update_run(own, "SCHEDULED")
        return {key: own, **ids}


@cache
def _opened(base: Path, where: tuple[int, str | None]) -> Store:
    """One door per process and store: opening it checks every table of the store, which takes a second."""
    return Store(base)


def _known(store: Store, experiment: str) -> Mapping[str, list[Any]]:
    """The runs of an experiment by their item, in any state."""
    found = defaultdict(list)
    token = None
    while True:
        page = store.client.search_runs([experiment], max_results=1000, page_token=token)
        for run in page:
            found[run.data.tags.get(ITEM, "")].append(run)
        token = page.token
        if not token:
            return found


def _parent(store: Store, entry: Entry, *, key: str, experiment: str, known: Mapping[str, list[Any]]) -> str:
    if known.get(key):
        first, *others = sorted(known[key], key=lambda run: (run.info.start_time, run.info.run_id))
        for run in others:
            store.client.delete_run(run.info.run_id)
        return str(first.info.run_id)
    tags = {**NEUTRAL, **entry.tags, "study": entry.study, "arm": entry.arm, "fold": "all", ITEM: key}
    run_id = str(store.client.create_run(experiment, tags=tags, run_name=entry.name).info.run_id)
    store.client.update_run(run_id, "SCHEDULED")
    return run_id


def _settled(store: Store, item: Item, *, experiment: str, parent: str, known: Mapping[str, list[Any]]) -> str:
    """The one run of an item: kept where it is complete and the same, else written anew."""
    content = item.entry.content
    kept = None
    for run in known.get(item.key, ()):
        is_same = run.data.tags.get("content") == content and run.info.status == item.status
        if kept is None and is_same:
            kept = str(run.info.run_id)
        else:
            store.client.delete_run(run.info.run_id)
    if kept:
        return kept
    tags = {**NEUTRAL, **item.entry.tags, **item.entry.identity, ITEM: item.key, "mlflow.parentRunId": parent}
    run_id = str(store.client.create_run(experiment, tags=tags, run_name=item.entry.name).info.run_id)
    store._fill(run_id, item.entry)
    store.client.set_terminated(run_id, status=item.status)
    return run_id


def _follow(store: Store, run_id: str, entry: Entry) -> None:
    """Lets a parent tell the newest: files and tags are replaced, and of figures those that changed are added."""
    told = store.client.get_run(run_id).data
    new = [item for item in entry.metrics if told.metrics.get(item.key) != item.value]
    steps = {item.key: len(store.client.get_metric_history(run_id, item.key)) for item in new}
    metrics = [Metric(item.key, item.value, steps[item.key]) for item in new]
    fresh = Entry(entry.study, entry.arm, None, metrics=metrics, files=entry.files, documents=entry.documents)
    store._fill(run_id, fresh)
    for name, value in {**entry.tags, **entry.pointers}.items():
        if told.tags.get(name) != value:
            store.client.set_tag(run_id, name, value)


@contextmanager
def _answering() -> Iterator[None]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        said = str(error)
        is_held = "database is locked" in said
        got = "held by another process" if is_held else said.splitlines()[0][:200]
        remedy = "end that process" if is_held else "start the server"
        raise SetupError(
            "tracking store",
            expected="an answer",
            got=got,
            remedy=f"{remedy} and run the same command again: nothing is lost",
        ) from None
