"""A parent run with items nested in it: one run per item whatever was killed, and nothing left running."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cinemyo.errors import SetupError
from cinemyo.record.tracking import STORE, Entry, Metric, Store
from cinemyo.record.tracking.nested import Item, record_nested
from cinemyo.sweeping.lock import alone

Rows = Callable[[str], list[tuple]]
PARENT = Entry("demo_sweep", "sweep", None, metrics=[Metric("finished", 1.0)])


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs, for its tables take seconds to make."""
    base = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        Store(base)
    return base


@pytest.fixture
def base(empty: Path, tmp_path: Path) -> Path:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes((empty / "mlruns" / "mlflow.db").read_bytes())
    return tmp_path


@pytest.fixture
def rows(base: Path) -> Rows:
    def asked(query: str) -> list[tuple]:
        with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
            return connection.execute(query).fetchall()

    return asked


def item(name: str, *, accuracy: float = 0.5) -> Item:
    return Item(name, Entry("demo_sweep", name, None, metrics=[Metric("validation_accuracy", accuracy)]))


def keep(base: Path, *items: Item, status: str | None = "FINISHED", parent: Entry = PARENT) -> dict[str, str]:
    return record_nested(base, parent, key="sweep", items=items, status=status)  # type: ignore[arg-type]


ACTIVE = "select name, status from runs where lifecycle_stage = 'active' order by name"


def test_items_are_nested_in_the_parent(base: Path, rows: Rows) -> None:
    ids = keep(base, item("a"), item("b"))
    nested = rows("select run_uuid, value from tags where key = 'mlflow.parentRunId'")
    assert sorted(nested) == sorted([(ids["a"], ids["sweep"]), (ids["b"], ids["sweep"])])
    assert rows(ACTIVE) == [("a", "FINISHED"), ("b", "FINISHED"), ("sweep", "FINISHED")]


def test_recording_again_adds_nothing(base: Path, rows: Rows) -> None:
    first = keep(base, item("a"))
    assert keep(base, item("a")) == first
    assert rows("select count(*) from runs") == [(2,)]


def test_items_of_a_later_command_join_the_parent(base: Path, rows: Rows) -> None:
    first, second = keep(base, item("a"), status=None), keep(base, item("b"))
    assert first["sweep"] == second["sweep"]
    assert len(rows("select 1 from tags where key = 'mlflow.parentRunId'")) == 2


def test_a_parent_between_two_commands_is_not_running(base: Path, rows: Rows) -> None:
    keep(base, item("a"), status=None)
    assert rows(ACTIVE) == [("a", "FINISHED"), ("sweep", "SCHEDULED")]


def test_a_killed_writer_leaves_nothing_running_after_the_next(base: Path, rows: Rows) -> None:
    store = Store(base)
    experiment = store.client.create_experiment("demo_sweep", artifact_location="mlflow-artifacts:/")
    for key in ("sweep", "a"):
        store.client.create_run(experiment, tags={"item": key}, run_name=key)
    keep(base, item("a"))
    assert rows(ACTIVE) == [("a", "FINISHED"), ("sweep", "FINISHED")]


def test_an_item_that_was_written_twice_is_left_once(base: Path, rows: Rows) -> None:
    keep(base, item("a"))
    store = Store(base)
    found = store.client.search_runs(["1"], "tags.item = 'a'")[0]
    store.client.create_run("1", tags=dict(found.data.tags), run_name="a")
    keep(base, item("a"))
    assert rows(ACTIVE) == [("a", "FINISHED"), ("sweep", "FINISHED")]


def test_a_failure_that_is_mended_leaves_the_finished_run_alone(base: Path, rows: Rows) -> None:
    keep(base, Item("a", item("a").entry, "FAILED"), status="FAILED")
    assert rows(ACTIVE) == [("a", "FAILED"), ("sweep", "FAILED")]
    keep(base, item("a"))
    assert rows(ACTIVE) == [("a", "FINISHED"), ("sweep", "FINISHED")]


def test_figures_of_the_parent_follow_and_repeat_only_what_changed(base: Path, rows: Rows) -> None:
    keep(base)
    keep(base)
    keep(base, parent=Entry("demo_sweep", "sweep", None, metrics=[Metric("finished", 2.0)]))
    assert rows("select step, value from metrics order by step") == [(0, 1.0), (1, 2.0)]


def test_a_store_that_another_process_holds_is_one_sentence(base: Path) -> None:
    with (
        alone(base / "mlruns" / "nested.lock"),
        pytest.raises(SetupError, match=r"expected it free within 0\.1 s, got held by another process; end that"),
    ):
        record_nested(base, PARENT, key="sweep", items=[], status=None, wait_s=0.1)


@pytest.mark.slow
def test_a_database_that_another_program_holds_is_one_sentence(base: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SetupError, match=r"got held by another process; end that process and run the same"):
            keep(base, item("a"))
    keep(base, item("a"))
    assert rows(ACTIVE) == [("a", "FINISHED"), ("sweep", "FINISHED")]


def test_a_store_that_does_not_answer_loses_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(SetupError, match=r"run the same command again: nothing is lost"):
        keep(base, item("a"))
