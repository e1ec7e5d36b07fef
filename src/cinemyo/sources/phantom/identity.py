"""Invented identities, planted so that a leak can be found; nobody bears these names."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from cinemyo.sources.phantom.cohort import Patient

_FIRST: Final = ("Zor", "Quel", "Vash", "Brix", "Tul", "Oxm", "Gryv", "Plon", "Yzd", "Wemb")
_MIDDLE: Final = ("ava", "ebro", "ukti", "ozim", "ygra", "iphe", "aqua")
_LAST: Final = ("dax", "threl", "mont", "vix", "quist", "zorn", "bley")


@dataclass(frozen=True)
class Scanner:
    """A machine that does not exist."""

    manufacturer: str
    model: str
    station: str
    serial: str
    institution: str
    slope: float
    """Of the rescaling that its files ask for."""
    sequence: str
    protocol: str


SCANNERS: Final = (
    Scanner("SIEMENS", "Phantom 1.5A", "PHMR01", "900001", "Invented Hospital", 1.0, "*tfi2d1_14", "cine_tfi_retro"),
    Scanner("SIEMENS", "Phantom 1.5A", "PHMR02", "900002", "Invented Hospital", 1.0, "*tfi2d1_15", "cine_tfi_retro"),
    Scanner("SIEMENS", "Phantom 1.5B", "PHMR03", "900003", "Nowhere Hospital", 1.0, "*tfi2d1_12", "tf2d_cine"),
    Scanner("Philips", "Phantom 1.5C", "PHMR04", "900004", "Nowhere Hospital", 2.5, "B-FFE", "sBTFE_BH"),
)  # fmt: skip
"""Three of one make and one of another. Source: Germain 2021, §2.2"""


@dataclass(frozen=True)
class Identity:
    """Who a patient claims to be."""

    name: str
    patient_id: str
    birth: date
    address: str
    telephone: str
    physician: str
    operator: str
    scanner: Scanner
    first_exam: date


def draw_identity(patient: Patient) -> Identity:
    """The identity of a patient, from seed and number alone."""
    rng = patient.generator(200)
    first_exam = date(2010, 1, 4) + timedelta(days=int(rng.integers(0, 3600)))
    birth = first_exam - timedelta(days=int(365.25 * patient.age + rng.integers(20, 330)))
    digest = hashlib.sha256(f"patient {patient.seed} {patient.number}".encode()).hexdigest()
    return Identity(
        name=f"{_word(rng).upper()}^{_word(rng)}",
        patient_id=f"PH{int(digest[:10], 16) % 10**8:08d}{patient.number:04d}",
        birth=birth,
        address=f"{rng.integers(1, 200)} {_word(rng)} Street, {_word(rng)}ville",
        telephone=f"+00 555 {rng.integers(10**6, 10**7)}",
        physician=f"{_word(rng).upper()}^{_word(rng)}^^Dr",
        operator=f"{_word(rng).upper()}^{_word(rng)}",
        scanner=SCANNERS[int(rng.integers(len(SCANNERS)))],
        first_exam=first_exam,
    )


def _word(rng: np.random.Generator) -> str:
    return "".join(str(rng.choice(part)) for part in (_FIRST, _MIDDLE, _LAST))


def uid(patient: Patient, *parts: object) -> str:
    """A DICOM UID below 2.25 from seed, patient and what it names.

    Source: DICOM PS3.5 2024, B.2
    """
    text = " ".join(str(part) for part in ("uid", patient.seed, patient.number, *parts))
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"
