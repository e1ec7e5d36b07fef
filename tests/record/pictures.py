"""Pictures for tests of pages."""

import io

import numpy as np
from PIL import Image


def png(width: int, height: int) -> bytes:
    """A PNG of noise, which does not compress."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
