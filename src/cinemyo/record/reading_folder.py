"""The folder that a reader gets: images without names, a page to leaf through them, an answer sheet, instructions."""

import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from cinemyo.errors import SetupError
from cinemyo.labels import DISPLAY, PATHOLOGIES, PHASES
from cinemyo.record.pages import digest, rendered
from cinemyo.schema import write_bytes
from cinemyo.sheets import ANSWERS

HERE: Final = Path(__file__).parent / "reading"
SIDE: Final = 512
"""Side of a frame in the image of an item, pixels."""
GAP: Final = 12
HEAD: Final = 34
SIZE: Final = (2 * SIDE + 3 * GAP, SIDE + HEAD + GAP)
"""Width and height of the image of an item, pixels."""
FONT: Final = 20
DARK: Final = 12
INK: Final = 190
"""Gray levels of what surrounds the frames, kept dark so that the eye stays with the heart."""

SCRIPT: Final = """\
const items = [...document.querySelectorAll("section")].map(item => item.id);
document.addEventListener("keydown", event => {
  const step = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  const next = items[Math.max(0, items.indexOf(location.hash.slice(1))) + step];
  if (next) location.hash = next;
});
if (!items.includes(location.hash.slice(1))) location.hash = items[0];
"""
"""Arrow keys go from item to item; without it the page scrolls and its links work."""


def item_png(pair: UInt8[np.ndarray, "2 side side"]) -> bytes:
    """Diastole and systole side by side under their names, as a gray PNG without metadata."""
    picture = Image.new("L", SIZE, DARK)
    draw = ImageDraw.Draw(picture)
    for place, (frame, phase) in enumerate(zip(pair, PHASES, strict=True)):
        left = GAP + place * (SIDE + GAP)
        picture.paste(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left, HEAD))
        middle = left + SIDE / 2, HEAD / 2
        draw.text(middle, DISPLAY[phase], INK, font=ImageFont.load_default(FONT), anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def index_page(items: Sequence[str]) -> bytes:
    """A page of one item a screen that needs no network: `images/<item>.png` beside it, arrow keys, links."""
    return rendered(
        HERE,
        items=items,
        classes=[(name, DISPLAY[name]) for name in PATHOLOGIES],
        width=SIZE[0],
        height=SIZE[1],
        script=SCRIPT,
        script_digest=digest(SCRIPT),
    )


def answer_sheet(items: Sequence[str]) -> bytes:
    """The sheet to be filled in: a row per item, its pathology and confidence empty."""
    rows = {"item": list(items), "pathology": "", "confidence": ""}
    return pd.DataFrame(rows, columns=ANSWERS.header).to_csv(index=False, lineterminator="\n").encode()


def instructions(count: int) -> bytes:
    """What the reader is asked to do, as text."""
    classes = "\n".join(f"  {name}  {DISPLAY[name]}" for name in PATHOLOGIES)
    return f"""Reading set: {count} items

1. Open index.html in a browser; it needs no network. Arrow keys go from item to item.
2. Each item is one cine of one heart: diastole on the left, systole on the right.
3. In answers.csv write one word in the column pathology:

{classes}

4. In the column confidence write, if you like, how sure you are, from 0 to 1; or leave it empty.
5. Answer every item, in the order given, without looking back and without any other record of the patient.
   Some hearts come more than once; answer each item as it stands.
6. Read in as many sittings as you like. Leave an item empty only if you cannot read it.
7. Save the sheet as CSV under the same columns and send it back. Do not change the column item.
""".encode()


def write_folder(folder: Path, *, key: pd.DataFrame, images: Sequence[bytes]) -> Path:
    """Writes the reader's folder and, beside it, the key that is not for the reader; the path of the key.

    The key can be read by its owner alone. Nothing is ever replaced.

    Raises:
        SetupError: the folder or the key is there already.
    """
    secret, items = key_path(folder), key["item"].tolist()
    for path in (folder, secret):
        if path.exists():
            remedy = "name another folder: a key that was replaced could not be joined to its answers"
            raise SetupError("--out", expected="a folder that does not exist yet", got=f"{path}", remedy=remedy)
    draft = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    for item, image in zip(items, images, strict=True):
        write_bytes(draft / "images" / f"{item}.png", image)
    write_bytes(draft / "index.html", index_page(items))
    write_bytes(draft / "answers.csv", answer_sheet(items))
    write_bytes(draft / "instructions.txt", instructions(len(items)))
    _write_secret(secret, content=key.to_csv(index=False, lineterminator="\n").encode())
    draft.replace(folder)
    return secret


def key_path(folder: Path) -> Path:
    """Where the key of a folder lies: beside it."""
    return folder.with_name(f"{folder.name}.key.csv")


def _write_secret(path: Path, *, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
