import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cinemyo.audit import ledger as module
from cinemyo.audit.ledger import GENESIS, Ledger, Record
from cinemyo.errors import AuditError


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "audit" / "ledger.jsonl")
    made.append([("activity", {"stage": f"s{number}"}) for number in range(5)])
    made.append([("access", {"command": "audit verify"})])
    return made


def test_the_hash_is_of_the_canonical_record() -> None:
    record = Record(0, "2026-01-01T00:00:00.000Z", "access", {"b": 1, "a": "é"}, GENESIS)
    assert record.hash == "67b68ed67135ad8d2d11542d462842f227d245a0fdf2cb6fa0aa0a3ec33ea78f"
    assert json.loads(record.line())["hash"] == record.hash


def test_records_come_back_as_they_were_written(ledger: Ledger) -> None:
    assert [record.body for record in ledger.records()][-1] == {"command": "audit verify"}
    assert [record.seq for record in ledger.records()] == list(range(6))


def test_each_record_holds_the_hash_of_the_one_before(ledger: Ledger) -> None:
    records = ledger.records()
    assert [record.previous for record in records] == [GENESIS, *(record.hash for record in records[:-1])]


def test_an_empty_ledger_has_zeros_for_a_head(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none.jsonl").head() == GENESIS


def test_every_changed_byte_is_told(ledger: Ledger) -> None:
    content = ledger.path.read_bytes()
    generator = random.Random(7)
    for _ in range(200):
        place = generator.randrange(len(content))
        changed = bytearray(content)
        changed[place] ^= 1 << generator.randrange(8)
        ledger.path.write_bytes(bytes(changed))
        assert ledger.examine()[1], f"byte {place}"


@pytest.mark.parametrize("line", range(5))
def test_a_removed_record_is_told(ledger: Ledger, line: int) -> None:
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    assert ledger.examine()[1][0].line == line + 1


def test_reordered_records_are_told(ledger: Ledger) -> None:
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    assert ledger.examine()[1][0].line == 2


def test_nothing_is_added_to_a_broken_chain(ledger: Ledger) -> None:
    content = ledger.path.read_bytes()
    ledger.path.write_bytes(content.replace(b'"s2"', b'"s9"'))
    with pytest.raises(AuditError, match="line 3: expected a record that follows"):
        ledger.append([("access", {})])


def test_a_torn_last_line_is_cut_off_and_told(ledger: Ledger) -> None:
    before = ledger.records()
    with ledger.path.open("ab") as file:
        file.write(b'{"seq":6,"ti')
    assert ledger.examine()[1][0].what.startswith("a line without an end")
    ledger.append([("access", {"command": "audit flow"})])
    after = ledger.records()
    assert after[: len(before)] == before
    assert [record.kind for record in after[len(before) :]] == ["recovery", "access"]


def _append(path: Path, worker: int) -> None:
    for number in range(20):
        Ledger(path).append([("access", {"worker": worker, "number": number})])


def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append, args=(path, worker)) for worker in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(Ledger(path).records()) == 60


def test_a_killed_writer_leaves_a_chain_that_holds(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    code = (
        "import sys\nfrom pathlib import Path\nfrom cinemyo.audit.ledger import Ledger\n"
        "while True:\n    Ledger(Path(sys.argv[1])).append([('access', {'x': 'y' * 5000})] * 20)\n"
    )
    source = str(Path(module.__file__).parents[2])
    generator = random.Random(3)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], env={**os.environ, "PYTHONPATH": source})
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.2 + generator.random() / 5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        Ledger(path).append([("access", {"after": "kill"})])
        assert Ledger(path).examine()[1] == []
