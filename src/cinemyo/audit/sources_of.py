"""The source files of a patient that lie in the project: those of a synthetic study, which the pipeline made itself."""

from collections.abc import Iterator
from typing import Final

from cinemyo.audit.derived import Derived
from cinemyo.audit.names import names_under
from cinemyo.audit.who import Person
from cinemyo.config import Params
from cinemyo.deid.pseudonyms import file_code
from cinemyo.errors import IdentityKeyError
from cinemyo.layout import Layout
from cinemyo.sources.keyed import key_of

PHANTOMS: Final = "data/phantom/"
"""Where the source of a synthetic study lies, which was there before any pseudonym."""


def source_files(who: Person, *, params: Params, layout: Layout) -> Iterator[Derived]:
    """Files of a synthetic source by their keyed names; those of people are the hospital's and lie elsewhere."""
    root = layout.base / str(params.source.root)
    if not params.study.synthetic or not root.is_relative_to(layout.base / PHANTOMS) or not root.is_dir():
        return
    try:
        key = key_of(params.source).asking()
    except IdentityKeyError:
        return
    head = f"{root.relative_to(layout.base).as_posix()}/"
    for name in names_under(head.rstrip("/"), base=layout.base):
        if file_code(name.removeprefix(head), key=key) in who.codes:
            yield Derived(name, "source", "phantom")
