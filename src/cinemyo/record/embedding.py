"""Images inside a page, as data URIs."""

import base64
import io
from typing import Final

from PIL import Image

HEAVY_BYTES: Final = 400_000
WIDEST_PX: Final = 1800
QUALITY: Final = 85


def embedded_bytes(content: bytes) -> str:
    """A PNG as a data URI; a heavy one as JPEG, at most 1800 pixels wide."""
    kind = "png"
    if len(content) > HEAVY_BYTES:
        content, kind = _lighter(content), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _lighter(content: bytes) -> bytes:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    if image.width > WIDEST_PX:
        image = image.resize((WIDEST_PX, round(image.height * WIDEST_PX / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
