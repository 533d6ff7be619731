"""Pictures of a hand-in: rebuilt from their pixels, or left out and said."""

import base64
import io
import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbgrader_pages import KINDS, page
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sheets import by_name, png, sheet_of
from toy_class import GOOD

from mlopt_lessons.grading.records import CellRun, Output
from mlopt_lessons.grading.sheet import LEFT_OUT
from mlopt_lessons.grading.sheet_png import picture


def part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_head(
    width: int, height: int, depth: int = 8, colour: int = 0, rest: bytes = b"\0\0\0"
) -> bytes:
    head = struct.pack(">IIBB", width, height, depth, colour) + rest
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", b"x") + part(b"IEND", b"")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_picture_stays_the_picture(mode: str) -> None:
    raw = png(mode=mode, dpi=(100, 100))
    made = picture(raw)
    assert made is not None
    assert made.pixels == 12
    with Image.open(io.BytesIO(made.png)) as got, Image.open(io.BytesIO(raw)) as expected:
        assert (got.mode, got.size, got.tobytes()) == (
            expected.mode,
            expected.size,
            expected.tobytes(),
        )
        assert got.info.get("dpi") == expected.info.get("dpi")


def test_a_picture_of_matplotlib_is_shown() -> None:
    from matplotlib.figure import Figure

    figure, stream = Figure(), io.BytesIO()
    figure.subplots().plot([1, 2])
    figure.savefig(stream)
    made = by_name(
        sheet_of(GOOD, {1: CellRun(True, (Output("png", png=stream.getvalue()),))}), "task-1"
    )
    (output,) = made["outputs"]
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as got:
        assert got.size == (640, 480)
        assert "Software" not in got.info


def test_text_colour_profiles_animations_and_what_follows_are_left_out() -> None:
    info = PngInfo()
    info.add_text("evil", "evil")
    info.add_itxt("evil", "evil", zip=True)
    frames = [Image.new("L", (4, 3), level) for level in (1, 2)]
    for raw in (
        png(pnginfo=info, icc_profile=b"evil", exif=b"evil") + b"evil",
        png(save_all=True, append_images=frames),
    ):
        made = picture(raw)
        assert made is not None
        kinds = [made.png[at + 4 : at + 8] for at in starts(made.png)]
        assert set(kinds) <= {b"IHDR", b"IDAT", b"IEND"}
        assert b"evil" not in made.png


def starts(raw: bytes) -> list[int]:
    at, found = 8, []
    while at < len(raw):
        found.append(at)
        at += 12 + int.from_bytes(raw[at : at + 4], "big")
    return found


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"x", b'"><script>evil()</script>', png()[:-1], png()[:40], png()[:20] + b"\xff" + png()[21:],
        b"GIF89a" + png(), png()[:8], with_head(0, 1), with_head(1, 0), with_head(2**31 - 1, 2**31 - 1),
        with_head(10_001, 1), with_head(5000, 5000), with_head(1, 1, depth=3), with_head(1, 1, colour=5),
        with_head(1, 1, rest=b"\1\0\0"), with_head(1, 1, rest=b"\0\0\2"), with_head(1, 1, rest=b"\0\0\0\0"),
    ],
    ids=lambda raw: ascii(raw[-12:]),
)  # fmt: skip
def test_what_is_no_picture_is_left_out_and_said(raw: bytes) -> None:
    assert picture(raw) is None
    (output,) = by_name(sheet_of(GOOD, {1: CellRun(True, (Output("png", png=raw),))}), "task-1")[
        "outputs"
    ]
    assert output == {"output_type": "stream", "name": "stdout", "text": LEFT_OUT}


@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 20))
@example(b"", 0, 0)
def test_a_changed_picture_is_one_or_none(noise: bytes, at: int, gone: int) -> None:
    raw = png()
    made = picture(raw[:at] + noise + raw[at + gone :])
    if made is not None:
        with Image.open(io.BytesIO(made.png)) as got:
            assert got.size[0] * got.size[1] == made.pixels


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_on_the_page_are_data_with_a_description(kind: str) -> None:
    shown = CellRun(True, (Output("png", png=png()),) * 2)
    soup = page(kind, sheet_of(GOOD, {1: shown}))
    pictures = soup.find_all("img")
    assert len(pictures) == 2
    expected = picture(png())
    assert expected is not None
    for each in pictures:
        assert each.attrs.keys() == {"src", "alt"}
        assert each["alt"] == "A picture that this cell showed"
        coded = each["src"].removeprefix("data:image/png;base64,")
        assert base64.b64decode(coded, validate=True) == expected.png


def test_a_picture_with_a_changed_bit_is_none() -> None:
    raw = png()
    assert all(
        picture(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) is None for at in range(len(raw))
    )


def test_large_pictures_have_a_limit_together() -> None:
    noisy = png(1000, 900, noise=True)
    shown = CellRun(True, (Output("png", png=noisy),) * 20)
    outputs = by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]
    most = 4_000_000 // len(noisy)
    assert 1 <= most < 20
    assert [each["output_type"] for each in outputs] == ["display_data"] * most + ["stream"] * (
        20 - most
    )


def test_many_pixels_have_a_limit_together() -> None:
    large = png(3000, 3000)  # nine million pixels, and few bytes
    shown = CellRun(True, (Output("png", png=large),) * 6)
    outputs = by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]
    assert [each["output_type"] for each in outputs] == ["display_data"] * 4 + ["stream"] * 2
