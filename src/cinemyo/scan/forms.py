"""How a known value may be written: orders of a name, formats of a date, accents, encodings."""

import base64
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import codepoint2name
from typing import Final, Literal
from urllib.parse import quote, quote_plus

from cinemyo.scan.values import Value, date_of, parts_of

Encoding = Literal["plain", "utf-16-le", "utf-16-be", "hex", "base64"]

_ENGLISH: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
_FRENCH: Final = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre")
_MONTHS: Final = ((*_ENGLISH, "November", "December"), (*_FRENCH, "novembre", "décembre"))
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
SHORTEST_HEX: Final = 5
SHORTEST_BASE64: Final = 8
"""Characters of base64 that a value must fill on its own: fewer turn up by chance."""


@dataclass(frozen=True)
class Form:
    """The bytes of one way to write a value; base64 counts as it is, anything else in either case."""

    content: bytes
    encoding: Encoding


def forms_of(value: Value) -> set[Form]:
    """Every way to write a value that is searched for.

    UTF-8, Latin-1 and UTF-16 in both byte orders, UTF-8 read as Latin-1, escapes of JSON, HTML and URLs, each in either
    case and with and without accents; hexadecimal and base64 (three alignments) of the usual cases. UIDs, of which
    there is one per image, are searched for as text alone; base64 and hexadecimal are unpacked where they are long.
    """
    found: set[Form] = set()
    for text in spellings(value):
        found |= {Form(content.lower(), "plain") for content in _texts(text)}
        found |= {
            Form(text.encode("utf-16-le").lower(), "utf-16-le"),
            Form(text.encode("utf-16-be").lower(), "utf-16-be"),
        }
    if value.kind not in ("uid", "file-name"):
        for content in {text.encode(encoding) for text in _as_written(value) for encoding in ("utf-8", "utf-16-le")}:
            found |= set(_packed(content))
    return found


def spellings(value: Value) -> set[str]:
    """The texts that stand for a value, in lower and upper case, composed and decomposed, with and without accents."""
    found: set[str] = set()
    for text in _ways(value):
        for accents in (text, plain(text), plain(text.translate(_UMLAUTS))):
            for form in ("NFC", "NFD"):
                normal = unicodedata.normalize(form, accents)
                found |= {normal.lower(), normal.upper()}
    return found


def plain(text: str) -> str:
    """The text without accents."""
    letters = unicodedata.normalize("NFD", text.translate(_LETTERS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _ways(value: Value) -> set[str]:
    if value.kind == "date":
        return set(_dates(value.text))
    if value.kind == "name":
        return set(_names(value.text))
    return {value.text}


def _dates(text: str) -> Iterator[str]:
    date = date_of(text)
    if date is None:
        return
    year, month, day = date
    yield f"{year}{month}{day}"
    for sign in "-/.":
        yield sign.join((year, month, day))
        yield sign.join((day, month, year))
        yield sign.join((month, day, year))
    yield f"{day} {month} {year}"
    for months in _MONTHS:
        name = months[int(month) - 1]
        for word in {name, name[:3]}:
            yield from (f"{number} {word} {year}" for number in {day, str(int(day))})
            yield from (f"{word} {number}, {year}" for number in {day, str(int(day))})
            yield f"{day}-{word}-{year}"


def _names(text: str) -> Iterator[str]:
    yield text.strip("^= ")
    parts = parts_of(text)
    if len(parts) < 2:
        return
    family, given = parts[0], parts[1]
    for first, second in ((family, given), (given, family)):
        for sign in ("^", ", ", ",", " ", "_", "-", ".", ""):
            yield f"{first}{sign}{second}"
    yield " ".join(parts)
    yield " ".join([*parts[1:], family])


def _texts(text: str) -> Iterator[bytes]:
    yield text.encode("utf-8")
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield quote(text, safe="").encode()
    yield quote_plus(text).encode()
    yield from _html(text)
    if text.isascii():
        return
    yield text.encode("utf-8").decode("latin-1").encode("utf-8")
    try:
        yield text.encode("latin-1")
        yield quote(text.encode("latin-1"), safe="").encode()
    except UnicodeEncodeError:
        return


def _html(text: str) -> Iterator[bytes]:
    base = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield base.replace('"', "&quot;").replace("'", "&#x27;").encode()
    yield base.replace('"', "&#34;").replace("'", "&#39;").encode()
    if not text.isascii():
        yield "".join(c if c.isascii() else f"&#{ord(c)};" for c in base).encode()
        yield "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in base).encode()
        yield "".join(c if c.isascii() else f"&{codepoint2name.get(ord(c), c)};" for c in base).encode()


def _as_written(value: Value) -> set[str]:
    return {case for text in _ways(value) for case in (text, text.lower(), text.upper(), text.title())}


def _packed(content: bytes) -> Iterator[Form]:
    if len(content) >= SHORTEST_HEX:
        yield Form(content.hex().encode(), "hex")
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + content)
        start = (0, 2, 3)[shift]
        end = len(coded) - (0, 3, 2)[(shift + len(content)) % 3]
        if end - start >= SHORTEST_BASE64:
            yield Form(coded[start:end], "base64")
            yield Form(coded[start:end].replace(b"+", b"-").replace(b"/", b"_"), "base64")
