"""Reading of untrusted pictures: one that cannot be used raises UnusableError with the reason, and nothing else."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
LEAST_SIDE = 16  # smaller ones are pixels that count views, and icons
LARGEST_SIDE = 640  # larger pictures are reduced to it: models take a few hundred pixels
_ANIMATED = ("PNG", "WEBP", "GIF")
_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml|<svg|<body)", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnusableError(ValueError):
    """A picture for which no vector is computed.

    reason: empty, web_page, format_unreadable, too_many_pixels, too_small, animated or broken
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_picture(content: bytes, most_pixels: int) -> Image:
    """The picture as RGB, upright, on white where it is transparent, at most LARGEST_SIDE wide and high.

    most_pixels: width times height above which it is not decompressed. Raises UnusableError.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise UnusableError("empty")
    if _PAGE.match(content[:200].removeprefix(_BYTE_ORDER_MARK)):
        raise UnusableError("web_page")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that are not quite as their format demands
        try:
            picture = Image.open(BytesIO(content), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise UnusableError("format_unreadable") from error
        except Image.DecompressionBombError as error:
            raise UnusableError("too_many_pixels") from error
        except Exception as error:  # a header can be broken in as many ways as there are formats
            raise UnusableError("broken") from error
        with picture:
            _check(picture, most_pixels)
            try:
                return _decoded(picture)
            except Exception as error:
                raise UnusableError("broken") from error


def _check(picture: Image, most_pixels: int) -> None:
    if picture.width * picture.height > most_pixels:
        raise UnusableError("too_many_pixels")
    if min(picture.size) < LEAST_SIDE:
        raise UnusableError("too_small")
    try:
        frames = getattr(picture, "n_frames", 1) if picture.format in _ANIMATED else 1
    except Exception as error:  # frames are counted by reading on
        raise UnusableError("broken") from error
    if frames > 1:
        raise UnusableError("animated")


def _decoded(picture: Image) -> Image:
    from PIL import Image, ImageOps

    picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))  # JPEG is decompressed at a fraction of its size
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    if upright.has_transparency_data:
        opaque = upright.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        return Image.alpha_composite(white, opaque).convert("RGB")
    return upright.convert("RGB")
