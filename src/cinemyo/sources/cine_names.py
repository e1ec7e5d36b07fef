"""What the free words of a protocol say an image is: sequence names of the makers, and kinds that are no cine."""

import re
from functools import lru_cache
from typing import Final

from cinemyo.sources.dicom_headers import Protocol

KINDS: Final = (
    ("scout", r"\bscouts?\b|\blocali[sz]ers?\b|\bsurvey\b"),
    (
        "map",
        r"\b(t1|t2|t2 ?star|t2s|r2|ecv) ?maps?\b|\bmapping\b|molli\b|\bsasha\b|\becv\b|\blook ?locker\b|\btirho\b",
    ),
    ("flow", r"\bq?flow\b|venc|phase contrast|\b(fl)?pc\b|velocity|\bv\d{2,3}(in|th|fh|hf|ap|pa|rl|lr)\b"),
    ("perfusion", r"perfusion|\bperf\b|first pass"),
    ("late_enhancement", r"\blge\b|psir|\bdelayed\b|late (gad|gd|enh)|viability|\bde ?mri\b|\bti scout\b"),
    ("tagging", r"\btag(s|ged|ging)?\b|spamm\b"),
    ("real_time", r"\breal ?time\b"),
)
"""Codes of `dicom_codes`, each with the words that certainly mean it."""
_LOC: Final = r"\blocs?\b"
"""A localiser, or something planned on one (`ext loc ref`)."""

_SSFP: Final = (
    r"\btfi(\d|\b)|\btrue? ?fi(sp)?\b|\btrufi|\btf2d|\bfiesta|\bs?b ?[ft]fe|\bbal(anced)? ?(ffe|tfe|sarge|ssfp)"
    r"|\b(true |b ?|gre )?ssfp|\btrue ?ssfp|\bbasg\b"
)
"""Siemens TrueFISP (tfi, trufi, tf2d), GE FIESTA, Philips balanced FFE or TFE, Canon True SSFP, Hitachi BASG.

Source: cardiacmri.com, imaging sequences, SSFP; mrimaster.com, True FISP; domain.md A.4
"""
_SPOILED: Final = (
    r"\bfl[23]d|\bflash|\b(f|fast )?spgr\b|\bf(ast)? ?gre\b|\bfgre|\bfast ?card\b|\btfl\d?d?|\bturbo ?flash"
    r"|\bt1 ?[ft]fe|(?<!b )\b[ft]fe\b|\bspoiled\b|\bgre\b|\brf ?fast\b|\brssg\b"
)
"""Spoiled gradient echo: Siemens FLASH (fl2d), GE FGRE, SPGR, FastCard, Philips FFE or TFE without a b, Hitachi too."""
_BLACK_BLOOD: Final = (
    r"\b(black|dark) ?blood\b|\bdb (tse|haste)|\bd(ouble)? ?ir\b|\bt(riple)? ?ir\b|\b(t?[ft]se|haste|space|tirm|stir"
    r"|ssfse|sshtse|cube|vista|fir)\b|\bspin ?echo\b"
)
_OTHER: Final = r"\bangio|\bmra\b|\btwist\b|\btricks\b|\bbold\b|\bdwi\b|\bdti\b|\bdiffusion\b|\bdixon\b|\bsubtraction\b"
_CINE: Final = (
    r"\bcine|\bkine\b|\bretro\b|\bsax?\b|\bshort ?ax|\blax\b|\blong ?ax|\b[234] ?(ch|c|cv)\b|\bchambers?\b|\b[hv]la\b"
    r"|\bpetit axe\b|\bgrand axe\b|\bkurze? ?achse\b|\bfunktion\b|\bfunction\b"
)
_SAID: Final = (
    ("ssfp_name", _SSFP),
    ("spoiled_name", _SPOILED),
    ("black_blood_name", _BLACK_BLOOD),
    ("other_name", _OTHER),
)


def named_kind(protocol: Protocol) -> str | None:
    """The code of what the words certainly mean, if that is something other than a cine."""
    return _named(_words(protocol))


@lru_cache(maxsize=1024)
def _named(words: str) -> str | None:
    return next((code for code, pattern in KINDS if re.search(pattern, words)), None)


def hints_at_scout(protocol: Protocol) -> bool:
    """Whether the words speak of a localiser, without saying that the image is one."""
    return re.search(_LOC, _words(protocol)) is not None


def name_evidence(protocol: Protocol) -> tuple[str, ...]:
    """What the words speak of: `ssfp_name`, `spoiled_name`, `black_blood_name`, `other_name`, `cine_name`, `kind_name`.

    A balanced sequence outweighs the word for gradient echo beside it (`gre_bssfp`). `no_name` where nothing is said.
    """
    words = _words(protocol)
    if not words.strip():
        return ("no_name",)
    found = [name for name, pattern in _SAID if re.search(pattern, words)]
    if "ssfp_name" in found and "spoiled_name" in found:
        found.remove("spoiled_name")
    found += ["cine_name"] if re.search(_CINE, words) else []
    found += ["kind_name"] if named_kind(protocol) or hints_at_scout(protocol) else []
    return tuple(found)


def _words(protocol: Protocol) -> str:
    return re.sub(r"[^a-z0-9]+", " ", f"{protocol.description} {protocol.name} {protocol.sequence}".lower())
