"""Pages that need no network: a folder's template filled in, with its style inside and allowed by its digest."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2


def rendered(folder: Path, **content: Any) -> bytes:
    """The `template.html` of a folder as UTF-8, values escaped, with `style` and `style_digest` of its `style.css`.

    Raises:
        jinja2.UndefinedError: the template asks for what is not among the content.
    """
    style = (folder / "style.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("template.html")
    return template.render(**content, style=style, style_digest=digest(style)).encode()


def digest(text: str) -> str:
    """SHA-256 of a style or script in base64, by which a page's policy allows it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
