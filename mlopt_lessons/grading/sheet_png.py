"""Pictures from strangers: a PNG made anew of the parts that draw, with a size that a page can bear."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MOST_SIDE = 10_000
MOST_PIXELS = 12_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bit depths of each type of colour, as the standard has them.
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Parts that may stand between head and picture, with their largest size in bytes; no text among them.
BEFORE = {b"PLTE": 768, b"tRNS": 256, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9}


class Picture(NamedTuple):
    """A PNG as bytes, and its number of pixels."""

    png: bytes
    pixels: int


def picture(raw: bytes) -> Picture | None:
    """The picture in a PNG, or None where it is none, is broken, or is too large to be shown."""
    if not raw.startswith(SIGNATURE):
        return None
    parts = list(_parts(raw))
    if len(parts) < 3 or parts[0][0] != b"IHDR" or parts[-1] != (b"IEND", b""):
        return None
    pixels = _pixels(parts[0][1])
    before = {kind: body for kind, body in parts if len(body) <= BEFORE.get(kind, -1)}
    data = b"".join(body for kind, body in parts if kind == b"IDAT")
    if pixels is None or not data:
        return None
    made = [parts[0], *sorted(before.items(), key=lambda part: list(BEFORE).index(part[0]))]
    made += [(b"IDAT", data), (b"IEND", b"")]
    return Picture(SIGNATURE + b"".join(_part(*part) for part in made), pixels)


def _parts(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts up to the end or the first broken one."""
    at = len(SIGNATURE)
    while at + 12 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        body = raw[at + 8 : at + 8 + length]
        if _part(kind, body) != raw[at : at + 12 + length]:
            return
        yield kind, body
        if kind == b"IEND":
            return
        at += 12 + length


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _pixels(head: bytes) -> int | None:
    """Width times height, or None for a head that the standard does not have."""
    if len(head) != 13:
        return None
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", head
    )
    known = depth in DEPTHS.get(colour, ()) and (compression, filtering) == (0, 0)
    fits = 0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS
    return width * height if known and fits and interlace in (0, 1) else None
