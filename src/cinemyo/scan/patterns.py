"""What looks like an identity without being known: numbers, addresses, names, dates with the words around them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cinemyo.scan.checks import IBAN_LENGTHS, is_iban, is_nir

_SIGN: Final = rb"""["')\]]*\s*(?:[:=|\t]|</t[dh]>)\s*(?:</?[a-z]{1,4}[^<>]{0,60}>\s*){0,4}["'(\[]*"""
_BLANK: Final = rb"""["')\]]*\s*[:=,;|\t]?\s*(?:</?[a-z]{1,4}[^<>]{0,60}>\s*){0,4}["'(\[]*"""
_MONTH: Final = (
    rb"(?i:jan|feb|f\xc3\xa9v|fev|mar|apr|avr|may|mai|jun|juin|jul|juil|aug|ao\xc3\xbb|aou|sep|oct|nov|dec|d\xc3\xa9c)"
    rb"[a-z\xc3\xa9\xbb]{0,8}\.?"
)
_DATE: Final = (
    rb"(?:(?:19|20)\d\d[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01])|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d"
    rb"|\d{1,2} " + _MONTH + rb" (?:19|20)\d\d|" + _MONTH + rb" \d{1,2},? (?:19|20)\d\d)"
)
_BORN: Final = (
    rb"(?:date[ _]?of[ _]?birth|birth[ _]?date|patient'?s? ?birth ?date|\bdob|\bborn(?: on)?|\bn(?:\xc3\xa9|\xe9)e?"
    rb"(?:\(e\))? le|date[ _]de[ _]naissance|\bddn|geburtsdatum|geboren am)"
)
_EXAM: Final = (
    rb"(?:(?:study|series|acquisition|content|exam(?:ination)?|scan|admission|discharge|visit)[ _]?date"
    rb"|(?:admitted|discharged)(?: on)?|date d(?:e l)?['\xe2\x80\x99 ]{0,3}(?:examen|irm|hospitalisation|acte)"
    rb"|(?:examined|scanned) on|irm du)"
)
_NUMBERED: Final = (
    rb"\b(?:ipp|mrn|nip|patient[ _]?(?:id|number|no|nr|identifier)|hospital[ _]?(?:id|number)"
    rb"|medical record(?: number)?"
    rb"|n[o\xb0]?[ _.]?(?:\xc2\xb0 ?)?(?:de )?dossier|accession(?:[ _]?(?:number|no))?)"
)
_NAMED: Final = (
    rb"(?:\bpatient'?s?[ _]?name|\bother[ _]?patient[ _]?names|\bnom du patient|\bnom de naissance|\bnom de famille"
    rb"|\bnom|\bpr(?:\xc3\xa9|\xe9|e)nom|\breferring[ _]?physician'?s?(?:[ _]?name)?|\boperators?'?[ _]?name)"
)
_LETTER: Final = rb"A-Za-z\xc3\x80-\xbf\xc0-\xff"
_PLACEHOLDER: Final = re.compile(
    rb"(?i)^(?:anonym\w*|removed|none|null|unknown|n/?a|de-?identified|pseudonym\w*|redacted|empty|test|yes|no)\b"
)
_TOP: Final = (
    rb"[a-z]{2}|com|org|net|edu|gov|mil|int|info|biz|name|pro|cat|bio|health|hospital|clinic|doctor|care|med|online"
    rb"|site|app|dev|cloud|email|mail|world|paris|alsace|bzh|swiss|berlin|london"
)
"""Ends of addresses: of countries, and those that people use. Configuration is full of words with an @ and dots."""
_RESERVED: Final = re.compile(
    rb"(?i)(?:@(?:[a-z0-9-]+\.)*example\.(?:com|org|net|edu)$|\.(?:example|test|invalid|localhost|local)$|^git@"
    rb"|^no-?reply@|noreply)"
)
_PAIRS: Final = tuple(sign.join([b"00"] * 4) for sign in (b" ", b".", b"-"))
_KEYWORD: Final = re.compile(
    rb"[a-z][A-Z][a-z]+[A-Z]|[a-z](?:Name|ID|Date|Time|UID|Number|Sex|Age|Sequence|Address)s?$"
)
_ROOTS: Final = (b"2.25.", b"1.2.840.10008.")
_SOFTWARE: Final = b"1.2.826.0.1.3680043.8.498.1"
"""What pydicom writes of itself into each file."""


@dataclass(frozen=True)
class Pattern:
    """A kind of identity, what it looks like, and what confirms it; the group `value`, where there is one, is meant."""

    kind: str
    look: re.Pattern[bytes]
    anchors: tuple[bytes, ...]
    """Lower case, digits as 0: it is looked for around these alone."""
    holds: Callable[[bytes], bool] = lambda _: True
    in_binary: bool = False
    """Sure enough to be looked for in the runs of text of a binary file."""
    tidy: re.Pattern[bytes] | None = None
    """What it must look like there, where pixels and weights look like anything."""


def _is_named(found: bytes) -> bool:
    """Whether it can be a name: no placeholder, no keyword of DICOM."""
    return not _PLACEHOLDER.match(found) and not _KEYWORD.search(found)


def _labelled(
    kind: str, label: bytes, value: bytes, anchors: tuple[bytes, ...], holds: Callable[[bytes], bool] = lambda _: True
) -> Pattern:
    return Pattern(kind, re.compile(rb"(?i:" + label + rb")" + _BLANK + rb"(?P<value>" + value + rb")"), anchors, holds)


def _plain(
    kind: str, look: bytes, anchors: tuple[bytes, ...], holds: Callable[[bytes], bool] = lambda _: True
) -> Pattern:
    return Pattern(kind, re.compile(look), anchors, holds)


def _sure(
    kind: str, look: bytes, anchors: tuple[bytes, ...], holds: Callable[[bytes], bool] = lambda _: True
) -> Pattern:
    return Pattern(kind, re.compile(look), anchors, holds, in_binary=True)


def _is_foreign_uid(found: bytes) -> bool:
    return 18 <= len(found) <= 64 and not found.startswith(_ROOTS) and found != _SOFTWARE


_WORD_CAPITAL: Final = rb"[A-Z][" + _LETTER + rb"'-]+"
_NIR: Final = rb"[12] ?\d\d ?\d\d ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3}"
_NIR_LABEL: Final = (
    rb"\b(?:nir|insee|s(?:\xc3\xa9|\xe9|e)curit(?:\xc3\xa9|\xe9|e) sociale"
    rb"|n(?:\xc2?\xb0|o\.?) ?s(?:\xc3\xa9|\xe9|e)cu)\b"
)
_PHONE_LABEL: Final = (
    rb"\b(?:t(?:\xc3\xa9|\xe9|e)l(?:\xc3\xa9|\xe9|e)?(?:phone)?s?(?:[ _]?numbers?)?"
    rb"|phone|fax|mobile|portable)\b\.?"
)
_CAPITAL: Final = rb"[A-Z\xc3\xc0-\xdd][" + _LETTER + rb"'-]+"

PATTERNS: Final = (
    _sure(
        "e-mail",
        rb"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+(?i:" + _TOP + rb")(?![\w-]|\.\w)",
        (b"@",),
        lambda found: not _RESERVED.search(found),
    ),
    Pattern(
        "person-name",
        re.compile(
            rb"(?<![\w^\\])" + _WORD_CAPITAL + rb"(?: " + _WORD_CAPITAL + rb")?\^" + _WORD_CAPITAL
            + rb"(?:[\^ ][" + _LETTER + rb".'-]+)*"
        ),
        (b"^",),
        in_binary=True,
        tidy=re.compile(rb"(?:[A-Z]{4,}|[A-Z][a-z]{3,})\^(?:[A-Z]{3,}|[A-Z][a-z]{2,})(?:[\^ ]|\Z)"),
    ),
    _sure(
        "nir",
        rb"(?<![\w.])" + _NIR + rb" ?\d\d(?![\w.])",
        (b"0" * 15, b"0 00 00 0"),
        lambda found: is_nir(found.decode("latin-1")),
    ),
    _labelled("nir", _NIR_LABEL, _NIR + rb"(?!\d| ?\d\d)", (b"nir", b"insee", b"secu", b"s\xc3\xa9cu", b"s\xe9cu")),
    _plain("ssn", rb"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])", (b"-00-0000",)),
    _plain(
        "iban",
        rb"(?<![\w+/])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w+/=])",
        tuple(f"{country.lower()}00".encode() for country in IBAN_LENGTHS),
        lambda found: is_iban(found.decode("latin-1")),
    ),
    _sure(
        "dicom-uid",
        rb"(?<![\w.])[0-2]\.\d{1,5}(?:\.(?:0|[1-9]\d{0,38})){4,}(?![\w]|\.\d)",
        (),
        _is_foreign_uid,
    ),
    _plain(
        "phone",
        rb"(?<![\w.+-])(?:\+33|0033) ?(?:\(0\) ?)?[1-9](?:[ .-]?\d\d){4}(?!\d)",
        (b"+00", *_PAIRS, b"0" * 13),
    ),
    _plain("phone", rb"(?<![\w.+-])0[1-9]([ .-])\d\d(?:\1\d\d){3}(?![\w.-]?\d)", _PAIRS),
    _plain("phone", rb"(?<![\w.])\+(?!33)[1-9]\d{0,2}[ -]\(?\d{1,4}\)?(?:[ -]\d{2,8}){2,4}(?!\w)", (b"+0",)),
    _plain("phone", rb"(?<![\w.-])(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\w-])", (b"000-0000",)),
    _labelled(
        "phone",
        _PHONE_LABEL,
        rb"\+?\(?\d[\d .()-]{7,18}\d(?![\d.])",
        (b"tel", b"l\xc3\xa9", b"t\xc3\xa9l", b"t\xe9l", b"phone", b"fax", b"mobile", b"portable"),
    ),
    _labelled(
        "date-of-birth",
        _BORN,
        _DATE,
        (b"birth", b"dob", b"born", b"e le", b"\xa9 le", b"\xe9 le", b") le", b"naissance", b"ddn", b"gebur", b"gebor"),
    ),
    _labelled("medical-date", _EXAM, _DATE, (b"date", b"admitted", b"discharged", b"examined", b"scanned", b"irm")),
    _labelled(
        "record-number",
        _NUMBERED,
        rb"(?=[A-Z]{0,4}[-/]?\d)[A-Z]{0,4}[-/]?\d{5,12}(?![\w.])",
        (b"ipp", b"mrn", b"nip", b"patient", b"hospital", b"record", b"dossier", b"accession"),
    ),
    _plain(
        "labelled-name",
        rb"(?i:" + _NAMED + rb")" + _SIGN + rb"(?P<value>" + _CAPITAL + rb"(?=[\s\"'^,;|<&]|$)"
        rb"(?:[ ,^]+" + _CAPITAL + rb"){0,3})",
        (b"name", b"nom", b"physician"),
        _is_named,
    ),
)  # fmt: skip

COLUMN: Final = re.compile(
    r"(?i)^(?:patient'?s?[ _]?(?:name|birth[ _]?date|address|telephone[ _]?numbers?)"
    r"|(?:first|last|family|given|sur)[ _]?name"
    r"|nom(?:[ _](?:de[ _](?:naissance|famille)|du[ _]patient))?|pr[ée]nom|date[ _]?of[ _]?birth|dob|birth[ _]?date"
    r"|date[ _]de[ _]naissance|ddn|ipp|mrn|nip|nir|ssn|adresse|address|(?:tele)?phone|t[ée]l[ée]phone|e-?mail"
    r"|accession[ _]?(?:number|no)|social[ _]security[ _]number)$"
)
"""Names of columns and keys that hold an identity, whatever stands below them."""
