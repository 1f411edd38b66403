"""What is read of a picture's file, and the reason for which one is not used."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.images.reading import LARGEST_SIDE, UnusableError, read_picture
from tests.model.images.drawn import drawn, file_of

MOST = 10_000
PICTURE = file_of(drawn(1))
FRAMES = [drawn(seed) for seed in range(3)]


def png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that promises so many pixels and has none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + struct.pack(">I", 9) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>not found</html>", "web_page"),
        (b"\xef\xbb\xbf \n<HTML>", "web_page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "web_page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "web_page"),
        (b"404", "format_unreadable"),
        (bytes(1000), "format_unreadable"),
        (file_of(drawn(1), "TIFF"), "format_unreadable"),
        (PICTURE[: len(PICTURE) // 2], "broken"),
        (file_of(drawn(1), "JPEG")[:400], "broken"),
        (png_of(50_000, 50_000), "too_many_pixels"),
        (png_of(9_000, 9_000), "too_many_pixels"),
        (file_of(drawn(1, 101, 100)), "too_many_pixels"),
        (file_of(drawn(1, 1, 1), "GIF"), "too_small"),
        (file_of(drawn(1, 400, 10)), "too_small"),
        (file_of(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]), "animated"),
        (file_of(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]), "animated"),
        (file_of(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "animated"),
    ],
)
def test_what_is_no_picture_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableError) as error:
        read_picture(content, MOST)
    assert error.value.reason == reason


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_formats_and_modes_are_read_as_rgb(form: str, mode: str) -> None:
    source = drawn(2).convert(mode)
    picture = read_picture(file_of(source.convert("L") if mode in "P1" and form == "JPEG" else source, form), MOST)
    assert (picture.mode, picture.size) == ("RGB", (48, 40))


def test_print_colours_are_read() -> None:
    picture = read_picture(file_of(drawn(3).convert("CMYK"), "JPEG", quality=95), MOST)
    assert np.abs(np.asarray(picture).astype(int) - np.asarray(drawn(3))).mean() < 12


def test_what_is_transparent_is_white() -> None:
    picture = read_picture(file_of(Image.new("RGBA", (20, 20), (255, 0, 0, 0))), MOST)
    assert picture.getpixel((5, 5)) == (255, 255, 255)
    with_colour = Image.new("P", (20, 20), 0)
    with_colour.putpalette([9, 9, 9])
    assert read_picture(file_of(with_colour, transparency=0), MOST).getpixel((5, 5)) == (255, 255, 255)


def test_a_phone_s_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    picture = read_picture(file_of(drawn(4), "JPEG", exif=exif), MOST)
    assert picture.size == (40, 48)


def test_a_large_picture_is_reduced() -> None:
    for form in ("PNG", "JPEG"):
        assert read_picture(file_of(drawn(5, 3000, 1500), form), 10**7).size == (LARGEST_SIDE, LARGEST_SIDE // 2)
