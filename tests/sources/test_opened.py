from pathlib import Path

import pytest
from pydantic import ValidationError

from cinemyo.config import AcdcSource, DicomSource, SliceRule
from cinemyo.deid.keys import PUBLISHED_KEY, Key
from cinemyo.errors import IdentityKeyError
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import open_source

ACDC = AcdcSource(kind="acdc", root="r", labels="l", slices=SliceRule(first=0.2, last=0.8), groups={"NOR": "normal"})
KEY = Key(PUBLISHED_KEY)
PHANTOM = DicomSource(kind="dicom", root="r", labels="l", key="published", truth="truth", min_phases=8, max_phases=60)


def test_acdc_is_read_by_its_reader() -> None:
    assert open_source(ACDC, key=KEY) == AcdcReader(Path("r"), slices=ACDC.slices, groups=ACDC.groups, key=KEY)


def test_groups_out_of_class_are_told_to_the_reader() -> None:
    reader = open_source(ACDC.model_copy(update={"out_of_class": ("MINF",)}), key=KEY)
    assert isinstance(reader, AcdcReader)
    assert reader.out_of_class == ("MINF",)


def test_a_group_is_in_class_or_out_of_it() -> None:
    with pytest.raises(ValidationError, match="out_of_class must name groups that have no pathology, got NOR"):
        AcdcSource.model_validate(ACDC.model_dump() | {"out_of_class": ["NOR"]})


def test_dicom_is_read_by_its_reader() -> None:
    assert isinstance(open_source(PHANTOM, key=KEY), DicomReader)


def test_public_identifiers_use_the_published_key() -> None:
    assert key_of(ACDC) == key_of(PHANTOM) == KEY


def test_people_need_a_key_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    with pytest.raises(IdentityKeyError):
        key_of(PHANTOM.model_copy(update={"key": "file", "truth": None}))
