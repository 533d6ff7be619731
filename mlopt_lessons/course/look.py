"""One look for every picture: palette, matplotlib style, and the PNG encoder.

No function here touches pyplot or matplotlib's global settings.

Colours: Okabe and Ito, "Color Universal Design" (2008). They stay apart for every common kind of
colour blindness. The background is opaque and light, so that a picture reads the same in
JupyterLab's light and dark themes.
"""

import base64
import io
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
BLACK = "#1A1A1A"
GREY = "#6B6B6B"
LIGHT_GREY = "#D9D9D9"
PAPER = "#FFFFFF"
CYCLE = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, BLACK)

DPI = 100  # one inch is 100 CSS pixels: a figure 8 inches wide fits a notebook cell
# A palette halves the bytes and takes two thirds of the time that true colour takes to encode.
PALETTE_SIZE = 256
NO_DITHER = Image.Dither.NONE
WHITE = np.uint32(0xFFFFFFFF)
WHITE_RGB = b"\xff\xff\xff"

STYLE: Any = MappingProxyType(
    {
        "font.size": 11.0,
        "axes.titlesize": 12.0,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.labelsize": 11.0,
        "xtick.labelsize": 10.0,
        "ytick.labelsize": 10.0,
        "legend.fontsize": 10.0,
        "legend.frameon": False,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "axes.edgecolor": GREY,
        "axes.labelcolor": BLACK,
        "axes.titlecolor": BLACK,
        "text.color": BLACK,
        "xtick.color": BLACK,
        "ytick.color": BLACK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": LIGHT_GREY,
        "grid.linewidth": 0.6,
        "lines.linewidth": 2.0,
        "axes.prop_cycle": cycler(color=CYCLE),
    }
)


def style() -> Any:
    """Return a context manager in which titles, texts and legends take the course's style."""
    return mpl.rc_context(STYLE)


def figure(
    width: float = 8.0, height: float = 4.0, ncols: int = 1, nrows: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """Make a figure in the course's style, with an Agg canvas and without pyplot.

    Width and height are in inches of 100 pixels. The second value is one Axes, or an array of Axes
    when there is more than one; `subplots` goes on to `Figure.subplots`.
    Raises ValueError for a size that is not positive.
    """
    made = _empty(width, height)
    with style():
        axes = made.subplots(nrows=nrows, ncols=ncols, **subplots)
    return made, axes


def mosaic(
    rooms: list[list[str]], width: float = 8.0, height: float = 4.0, **subplots: Any
) -> tuple[Figure, dict[str, Any]]:
    """Make a figure as `figure` does, with named Axes of several sizes.

    `rooms` are the names row by row; one that stands in several cells covers them. `subplots` goes on
    to `Figure.subplot_mosaic`. Raises ValueError for a size that is not positive.
    """
    made = _empty(width, height)
    with style():
        axes = made.subplot_mosaic(rooms, **subplots)
    return made, axes


def _empty(width: float, height: float) -> Figure:
    if not (width > 0 and height > 0):
        raise ValueError(f"A figure needs a positive width and height, not {width} by {height}.")
    with style():
        made = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(made)
    return made


def title(axis: Axes) -> Text:
    """An empty title, to be set later, in which a dollar sign is a dollar and begins no formula."""
    made: Text = axis.set_title("")
    made.set_parse_math(False)
    return made


def canvas_of(figure: Figure) -> FigureCanvasAgg:
    """Return the figure's Agg canvas; give it one when it has another kind."""
    canvas = figure.canvas
    return canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)


def encode_png(canvas: FigureCanvasAgg) -> bytes:
    """Encode what is drawn on the canvas as a palette PNG of the canvas's size in pixels.

    White is white; the other pixels' palette is PIL's octree, and where colours are few each keeps to
    within a few steps of 255. Nothing is drawn here.
    """
    pixels = np.asarray(canvas.buffer_rgba())
    height, width = pixels.shape[:2]
    colours, palette = _palette(pixels.view(np.uint32).ravel())
    few = Image.frombuffer("P", (width, height), colours, "raw", "P", 0, 1)
    few.putpalette(palette)
    out = io.BytesIO()
    few.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _palette(pixels: NDArray[np.uint32]) -> tuple[NDArray[np.uint8], bytes]:
    """Each pixel's place in a palette, and the palette as RGB bytes; white stands first.

    Most of a picture is paper. Looking for colours in the rest alone takes half the time.
    """
    inked = np.flatnonzero(pixels != WHITE)
    places = np.zeros(pixels.size, dtype=np.uint8)
    if not inked.size:
        return places, WHITE_RGB
    ink = Image.frombuffer("RGBA", (inked.size, 1), pixels[inked], "raw", "RGBA", 0, 1)
    few = ink.convert("RGB").quantize(
        PALETTE_SIZE - 1, method=Image.Quantize.FASTOCTREE, dither=NO_DITHER
    )
    places[inked] = np.asarray(few)[0] + 1
    return places, WHITE_RGB + bytes(few.getpalette() or ())


def bundle(png: bytes, alt: str) -> dict[str, Any]:
    """Return the mimebundle of a still picture: the PNG in base64, and its sentence as text."""
    return {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": alt}


def draw_png(figure: Figure) -> bytes:
    """Draw the whole figure and return its PNG."""
    canvas = canvas_of(figure)
    canvas.draw()
    return encode_png(canvas)
