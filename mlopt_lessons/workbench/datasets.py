"""Data that every machine has: scikit-learn's digits, and glyphs drawn from matplotlib's fonts."""

import string
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
FONTS = (
    *(f"DejaVu{family}" for family in ("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *(f"cm{style}10" for style in ("b", "r", "ss", "ti", "tt")),
)
DRAWN_FONT = "cmti10"  # matplotlib has it since 3.11 only: its glyphs ship as a picture
SIDE = 28
MASTER_SIDE = 56  # glyphs are drawn at twice the size and shrunk by the random transform
TEST_DIGITS = 540
TEST_IMAGES = 6_000
TRAIN_IMAGES = 20_000
TEST_SEED_OFFSET = 10_000
_PART = 1_000  # images drawn at a time: all at once would take 400 MB


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as float32 tensors and their classes as int64: train_x, train_y, test_x, test_y."""

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int


@cache
def digits() -> Dataset:
    """scikit-learn's 1,797 digits: x of shape (n, 64) from 0 to 1; 540 of them are for testing.

    Source: UCI "Optical Recognition of Handwritten Digits", as shipped with scikit-learn. The split is
    its `train_test_split`, stratified, random_state 0, kept in data/digits_order.csv.
    """
    # The file alone is read: importing scikit-learn would take 80 MB of each lesson's memory.
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    file = Path(spec.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    rows = torch.from_numpy(np.loadtxt(file, delimiter=","))[_digits_order()]
    x, y = (rows[:, :-1] / 16).float(), rows[:, -1].long()
    train = len(rows) - TEST_DIGITS
    return Dataset("digits", x[:train], y[:train], x[train:], y[train:], 10)


def _digits_order() -> Tensor:
    text = files("mlopt_lessons.workbench").joinpath("data/digits_order.csv").read_text("utf-8")
    return torch.tensor([int(row) for row in text.split(",")])


@cache
def glyphs(train: int = TRAIN_IMAGES, test: int = TEST_IMAGES, seed: int = 0) -> Dataset:
    """Glyphs of 62 characters in 21 fonts, turned, scaled, sheared, shifted and with noise.

    x has shape (n, 1, 28, 28). Train and test images come from different seeds.
    """
    train_x, train_y = _draw(train, seed)
    test_x, test_y = glyphs_test(test, seed)
    return Dataset("glyphs", train_x, train_y, test_x, test_y, len(CHARACTERS))


@cache
def glyphs_test(count: int = TEST_IMAGES, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Only the test images of `glyphs` and their classes, for those who do not train."""
    return _draw(count, seed + TEST_SEED_OFFSET)


def dataset_for(model_name: str) -> Dataset:
    """The data that a model of MODELS is trained and tested on."""
    if model_name == "mlp":
        return digits()
    if model_name in ("glyph_cnn", "depthwise_cnn"):
        return glyphs()
    raise ValueError(
        f"There is no data for {model_name!r}; choose mlp, glyph_cnn or depthwise_cnn."
    )


def _draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    if count < 1:
        raise ValueError(f"The number of images must be at least 1, got {count}.")
    generator = torch.Generator().manual_seed(seed)
    font = torch.randint(len(FONTS), (count,), generator=generator)
    label = torch.randint(len(CHARACTERS), (count,), generator=generator)
    transforms = _transforms(count, generator)
    contrast = 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=generator)
    images = torch.empty(count, 1, SIDE, SIDE)
    for start in range(0, count, _PART):
        part = slice(start, start + _PART)
        drawn = _turned(_masters()[font[part], label[part]] / 255, transforms[part])
        noise = 0.14 * torch.randn(drawn.shape, generator=generator)
        images[part] = (drawn * contrast[part] + noise).clamp_(0, 1)
    return images, label


def _turned(masters: Tensor, transforms: Tensor) -> Tensor:
    grid = functional.affine_grid(transforms, [len(masters), 1, SIDE, SIDE], False)
    return functional.grid_sample(masters, grid, align_corners=False)


def _transforms(count: int, generator: torch.Generator) -> Tensor:
    """Random affine maps of shape (count, 2, 3): ±20°, 0.75 to 1.25, shear ±0.25, shift ±0.18."""

    def uniform(spread: float) -> Tensor:
        return spread * (2 * torch.rand(count, generator=generator) - 1)

    angle, shear = uniform(20 * np.pi / 180), uniform(0.25)
    scale_x, scale_y = 1 + uniform(0.25), 1 + uniform(0.25)
    shift_x, shift_y = uniform(0.18), uniform(0.18)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = (
        torch.stack([scale_x * cosine, scale_x * (shear - sine), shift_x], dim=1),
        torch.stack([scale_y * sine, scale_y * cosine, shift_y], dim=1),
    )
    return torch.stack(rows, dim=1)


@cache
def _masters() -> Tensor:
    """Each character in each font, upright and centred: (fonts, characters, 1, 56, 56) in uint8."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    images = [
        _drawn_already() if font == DRAWN_FONT else _drawn_now(folder / f"{font}.ttf")
        for font in FONTS
    ]
    return torch.from_numpy(np.array(images))[:, :, None]


def _drawn_now(font: Path) -> np.ndarray:
    return np.array([_master(font, character) for character in CHARACTERS])


def _drawn_already() -> np.ndarray:
    sheet = files("mlopt_lessons.workbench").joinpath(f"data/{DRAWN_FONT}.png")
    with sheet.open("rb") as file, Image.open(file) as image:
        return np.asarray(image).reshape(len(CHARACTERS), MASTER_SIDE, MASTER_SIDE)


def _master(path: Path, character: str) -> np.ndarray:
    font = ImageFont.truetype(str(path), 44)
    image = Image.new("L", (MASTER_SIDE, MASTER_SIDE))
    middle = MASTER_SIDE / 2
    ImageDraw.Draw(image).text((middle, middle), character, fill=255, font=font, anchor="mm")
    return np.asarray(image)
