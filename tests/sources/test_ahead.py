"""Cines read elsewhere, in shares: the stage finds them finished, and neither key nor identity is sent."""

from pathlib import Path

import pytest

from cinemyo.config import AcdcSource, DicomSource, SliceRule, Source
from cinemyo.deid.keys import KEY_VARIABLE, load_key, new_key
from cinemyo.launching.choice import HERE
from cinemyo.layout import Layout
from cinemyo.sources import ahead
from cinemyo.sources.ahead import ingest_ahead
from cinemyo.sources.ingest import Ingested, ingest, work_of
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import open_source
from tests.launching.here import SLURM, Sent
from tests.sources.release import GROUPS, write_patient

WITHDRAWN = "refusal,key_id,reason,role,withdrawn_on\n"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Two patients of a release."""
    for name in ("patient001", "patient002"):
        write_patient(tmp_path / "release", name)
    (tmp_path / "withdrawn.csv").write_text(WITHDRAWN)
    slices = SliceRule(first=0.3, last=0.8)
    root = str(tmp_path / "release")
    return AcdcSource(kind="acdc", root=root, labels="", truth=root, slices=slices, groups=GROUPS, out_of_class=("RV",))


def ahead_of(source: Source, base: Path, *, launcher: object = SLURM) -> Layout:
    layout = Layout("tiny", base)
    ingest_ahead(source, keyed=source, layout=layout, withdrawn=base / "withdrawn.csv", launcher=launcher)
    return layout


def ingested(source: Source, layout: Layout) -> Ingested:
    key = key_of(source)
    return ingest(open_source(source, key=key), layout=layout, key=key, finished=work_of(layout, key=key))


def test_the_stage_reads_no_cine_again(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent()
    monkeypatch.setattr(ahead, "each", sent.each)
    layout = ahead_of(source, tmp_path)
    found = ingested(source, layout)
    assert len(sent.jobs) == SLURM.shares
    assert found.parts == found.reused > 0


def test_on_this_machine_nothing_is_done_ahead(source: Source, tmp_path: Path) -> None:
    assert ingested(source, ahead_of(source, tmp_path, launcher=HERE)).reused == 0


def dicom(mode: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Source, bytes]:
    """A source of people under a new key, and the key's bytes."""
    new_key(base / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(base / "key"))
    (base / "withdrawn.csv").write_text(WITHDRAWN)
    source = DicomSource(
        kind="dicom", root=str(base / "export"), labels="labels.csv", key=mode, min_phases=8, max_phases=60
    )
    return source, load_key("file").secret


def test_no_key_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, secret = dicom("file", tmp_path, monkeypatch)
    sent = Sent()
    monkeypatch.setattr(ahead, "each", sent.each)
    monkeypatch.setattr(ahead, "open_source", lambda source, *, key: _Nothing())
    ahead_of(source, tmp_path)
    assert len(sent.jobs) == SLURM.shares
    assert not any(secret in job or secret.hex().encode() in job for job in sent.jobs)


class _Nothing:
    def parts(self) -> object:
        return iter([])


def test_random_pseudonyms_are_drawn_by_the_stage_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _ = dicom("random_table", tmp_path, monkeypatch)
    sent = Sent()
    monkeypatch.setattr(ahead, "each", sent.each)
    ahead_of(source, tmp_path)
    assert sent.jobs == []
