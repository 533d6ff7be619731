"""The look: colours that stay apart, texts that can be read, PNGs that hold what was drawn."""

import io
import subprocess
import sys
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from mlopt_lessons.course import look

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1.0; the matrices act on linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> NDArray[np.float64]:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (D65) of linear RGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    relative = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(text: str, ground: str) -> float:
    """WCAG 2 contrast ratio."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    bright, dark = sorted((float(weights @ linear(c)) for c in (text, ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_first_five_colours_stay_apart_for_the_colour_blind(deficiency: str) -> None:
    seen = [lab(np.array(DEFICIENCIES[deficiency]) @ linear(colour)) for colour in look.CYCLE[:5]]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
    assert nearest > 10  # a difference of 2.3 in CIELAB is just noticeable


@pytest.mark.parametrize("text", [look.BLACK, look.GREY])
def test_text_has_the_contrast_that_wcag_asks_for(text: str) -> None:
    assert contrast(text, look.PAPER) >= 4.5


def test_no_text_is_smaller_than_ten_points() -> None:
    made, axes = look.figure(ncols=2)
    with look.style():
        axes[0].plot([0, 1], label="a")
        axes[0].legend()
        axes[0].set(title="title", xlabel="x (ms)", ylabel="y")
        axes[1].text(0, 0, "note")
    made.canvas.draw()
    shown = [text for text in made.findobj(Text) if text.get_text()]
    assert min(text.get_fontsize() for text in shown) >= 10


def test_a_figure_leaves_matplotlib_and_pyplot_alone() -> None:
    before = dict(mpl.rcParams)
    look.figure()
    assert dict(mpl.rcParams) == before


def test_the_module_does_not_load_pyplot() -> None:
    code = "import sys, mlopt_lessons.course.look; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_size_is_in_inches_of_a_hundred_pixels() -> None:
    made, _ = look.figure(6, 3)
    picture = Image.open(io.BytesIO(look.draw_png(made)))
    assert picture.size == (600, 300)


@pytest.mark.parametrize("size", [(0, 4), (8, -1), (float("nan"), 4)])
def test_a_size_that_is_not_positive_is_refused(size: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="positive width and height"):
        look.figure(*size)


def test_the_palette_png_is_what_matplotlib_draws() -> None:
    made, axes = look.figure(6, 3)
    for index, colour in enumerate(look.CYCLE):
        axes.bar(index, index + 1, color=colour)
    got = np.asarray(Image.open(io.BytesIO(look.draw_png(made))).convert("RGB"), dtype=int)
    drawn = np.asarray(look.canvas_of(made).buffer_rgba())[..., :3].astype(int)
    assert np.abs(got - drawn).mean() < 0.5
    white = (drawn == 255).all(axis=2)
    assert (got[white] == 255).all()
    assert np.abs(got - drawn).max() <= 48  # antialiased edges share a palette entry


def test_an_empty_picture_is_white_paper() -> None:
    made = Figure(figsize=(2, 1), dpi=100, facecolor=look.PAPER)
    got = np.asarray(Image.open(io.BytesIO(look.draw_png(made))).convert("RGB"))
    assert got.shape == (100, 200, 3)
    assert (got == 255).all()


def test_a_figure_with_another_canvas_gets_agg() -> None:
    assert look.canvas_of(Figure()).get_width_height() == (640, 480)
