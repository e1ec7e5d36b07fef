"""Free text of a scanner turned into a code: words that are known are kept, names and remarks are not."""

import re
from typing import Final

UNKNOWN: Final = "UNKNOWN"

_KINDS: Final = (
    ("SCOUT", r"scout|locali[sz]er|survey"),
    ("LGE", r"\blge\b|psir|delayed|late (gad|gd|enh)|viability"),
    ("PERFUSION", r"perfusion|first pass"),
    ("FLOW", r"\bq?flow\b|venc|phase contrast|velocity"),
    ("MAP", r"\bmaps?\b|mapping|molli|sasha"),
    ("TAGGING", r"\btag(s|ged|ging)?\b|spamm"),
    ("CINE", r"cine|kine|\btfi\b|fiesta|trufi|b ?ffe|s?btfe|ssfp|true ?fisp"),
)
_SEQUENCES: Final = (
    ("SSFP", r"\btfi|fiesta|trufi|b ?ffe|btfe|ssfp|true ?fisp"),
    ("GRE", r"\bflash\b|\bgre\b|\bspgr\b"),
)
_VIEWS: Final = (
    ("SA", r"\bsax?\b|short ?ax|\bstack\b"),
    ("4CH", r"\b4 ?ch|four ?ch|\bhla\b"),
    ("3CH", r"\b3 ?ch|three ?ch|lvot"),
    ("2CH", r"\b2 ?ch|two ?ch|\bvla\b"),
)
_MODEL: Final = re.compile(
    r"""
    magnetom|avanto|aera|skyra|prisma|vida|sola|altea|lumina|amira|espree|symphony|sonata|trio|triotim|verio|harmony
    |essenza|sempra|spectra|cima|terra|fit|signa|discovery|optima|artist|architect|premier|pioneer|voyager|explorer
    |creator|hero|hdxt?|hde|excite|genesis|mr\d{3}w?|intera|achieva|ingenia|elition|ambition|evolution|panorama|multiva
    |prodiva|gyroscan|dstream|vantage|titan|orian|galan|elan|fortian|atlas|echelon|oasis|airis|aperto|umr
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STRENGTH: Final = re.compile(r"[0-9](\.[0-9]+)?T?", re.IGNORECASE)
_VENDORS: Final = ("SIEMENS", "PHILIPS", "GE", "CANON", "TOSHIBA", "HITACHI", "FUJIFILM", "UNITED IMAGING")


def series_code(description: str) -> str:
    """A code such as `CINE_SSFP_SA` made of known words alone; `UNKNOWN` where there is none.

    Source: DICOM PS3.15 2024, E.3.5 (Clean Descriptors Option)
    """
    words = re.sub(r"[^a-z0-9]+", " ", description.lower()).strip()
    found = (next((code for code, pattern in group if re.search(pattern, words)), None) for group in _GROUPS)
    return "_".join(code for code in found if code is not None) or UNKNOWN


def vendor(manufacturer: str) -> str:
    """The maker of the scanner, one of a fixed list; `UNKNOWN` for any other text."""
    words = f" {re.sub(r'[^A-Z]+', ' ', manufacturer.upper())} "
    return next((name for name in _VENDORS if f" {name} " in words), UNKNOWN)


def model(name: str) -> str:
    """The name of the scanner's model, in words and field strengths that are known; `UNKNOWN` where there is none."""
    words = re.sub(r"[^A-Z0-9.]+", " ", name.upper()).split()
    kept = [word for word in words if _MODEL.fullmatch(word) or _STRENGTH.fullmatch(word)]
    return " ".join(kept) if any(map(_MODEL.fullmatch, kept)) else UNKNOWN


_GROUPS: Final = (_KINDS, _SEQUENCES, _VIEWS)
