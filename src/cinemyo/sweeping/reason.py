"""Why a job failed, in words that name no machine, person or file outside of the code."""

import re
import traceback
from pathlib import Path
from typing import Final

import cinemyo
from cinemyo.errors import CinemyoError

LONGEST: Final = 300
_PATH: Final = re.compile(r"(?<![\w.])(?:~|[A-Za-z]:)?(?:[/\\][\w.@+\-]+)+[/\\]?")
_PSEUDONYM: Final = re.compile(r"\b[cpesd]-[a-z2-7]{16}\b")
_ROOT: Final = Path(cinemyo.__file__).parent


def reason(error: BaseException) -> str:
    """The fault as one line: a fault of ours as it is said, another one with its place in our code."""
    said = " ".join(str(error).split())
    neutral = _PSEUDONYM.sub("<id>", _PATH.sub("<path>", said))[:LONGEST]
    place = "" if isinstance(error, CinemyoError) else _place(error)
    return f"{type(error).__name__}{place}: {neutral or 'no message'}"


def _place(error: BaseException) -> str:
    """The last line of our own that the fault came through, as ` in training/fit.py:88`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT)]
    if not own:
        return ""
    return f" in {Path(own[-1].filename).relative_to(_ROOT).as_posix()}:{own[-1].lineno}"
