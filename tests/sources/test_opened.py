from pathlib import Path

import pytest

from cinemyo.config import AcdcSource, DicomSource, SliceRule
from cinemyo.deid.keys import PUBLISHED_KEY, Key
from cinemyo.errors import IdentityKeyError
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.opened import key_of, open_source

ACDC = AcdcSource(kind="acdc", root="r", labels="l", slices=SliceRule(first=0.2, last=0.8), groups={"NOR": "normal"})
PHANTOM = DicomSource(kind="dicom", root="r", labels="l", key="published", truth="truth", min_phases=8, max_phases=60)


def test_acdc_is_read_by_its_reader() -> None:
    assert open_source(ACDC) == AcdcReader(Path("r"), slices=ACDC.slices, groups=ACDC.groups, key=Key(PUBLISHED_KEY))


def test_dicom_is_read_by_its_reader() -> None:
    assert isinstance(open_source(PHANTOM), DicomReader)


def test_public_identifiers_use_the_published_key() -> None:
    assert key_of(ACDC) == key_of(PHANTOM) == Key(PUBLISHED_KEY)


def test_people_need_a_key_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    with pytest.raises(IdentityKeyError):
        open_source(PHANTOM.model_copy(update={"key": "file", "truth": None}))
