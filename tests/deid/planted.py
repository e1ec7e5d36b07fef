"""Values that occur once: one per attribute and depth, so that each that survives says where it came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.sequence import Sequence

from cinemyo.deid.confidentiality import rules

_FIRST = date(1801, 1, 1)
_NUMBERS = {"IS", "DS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"}
_BYTES = {"OB", "OW", "OD", "OF", "OL", "OV", "UN"}
_REPEATING = {"50XXXXXX": (0x50003000, 0x50100030), "60XX3000": (0x60003000, 0x60023000), "60XX4000": (0x60004000,)}


@dataclass
class Planter:
    """Gives values, and remembers of each what it stands in."""

    planted: dict[str, str] = field(default_factory=dict)
    """Attribute by the text that must not be found."""
    count: int = 0

    def into(self, dataset: Dataset, tags: Iterable[int]) -> Dataset:
        """The data set with a value of its own in each attribute."""
        for tag in tags:
            vr = _vr(tag)
            value = self._value(vr, f"{tag:08X}")
            if value is not None:
                dataset.add(DataElement(tag, vr, value))
        return dataset

    def private(self, dataset: Dataset) -> Dataset:
        """The data set with a private block, whose creator says a name too."""
        block = dataset.private_block(0x0029, self.text("private creator"), create=True)
        block.add_new(0x01, "LO", self.text("private text"))
        block.add_new(0x02, "SQ", Sequence([self.into(Dataset(), (0x00100010, 0x00104000))]))
        return dataset

    def text(self, where: str) -> str:
        """A word that stands nowhere else."""
        self.count += 1
        text = f"ZQ{self.count:05d}X"
        self.planted[text] = where
        return text

    def _value(self, vr: str, where: str) -> Any:
        if vr == "SQ":
            item = Dataset()
            item.add(DataElement(0x00104000, "LT", self.text(f"{where}/00104000")))
            return Sequence([item])
        if vr in _BYTES:
            return self.text(where).encode()
        if vr in _NUMBERS:
            self.count += 1
            return 30_000 + self.count % 2_000
        if vr in {"DA", "DT", "TM", "UI", "AS", "AT"}:
            return self._form(vr, where)
        return self.text(where)

    def _form(self, vr: str, where: str) -> Any:
        self.count += 1
        day = (_FIRST + timedelta(days=self.count)).strftime("%Y%m%d")
        value = {
            "DA": day,
            "DT": f"{day}101112.{self.count:06d}",
            "TM": f"101112.{900_000 - self.count:06d}",
            "UI": f"1.9.87654.{self.count}",
            "AS": f"{self.count % 400:03d}W",
            "AT": 0x00291001,
        }[vr]
        if vr not in {"AT", "AS"}:
            self.planted[str(value)] = where
        return value


def table_tags() -> list[int]:
    """Every attribute of Table E.1-1 that a data set can hold, repeating groups by their members."""
    tags: list[int] = []
    for rule in rules():
        if rule.tag in _REPEATING:
            tags += _REPEATING[rule.tag]
        elif rule.tag != "PRIVATE" and int(rule.tag[:4], 16) not in {0x0000, 0x0002}:
            tags.append(int(rule.tag, 16))
    return tags


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """Every element at every depth."""
    for element in dataset:
        yield element
        for item in element.value if element.VR == "SQ" else ():
            yield from elements(item)


def _vr(tag: int) -> str:
    if not dictionary_has_tag(tag):
        return "LO"
    return dictionary_VR(tag).split(" or ")[0]
