"""Pictures drawn by tests, as files hold them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image


def drawn(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    """Smooth colours that differ by seed."""
    cells = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)


def file_of(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file of this format."""
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
