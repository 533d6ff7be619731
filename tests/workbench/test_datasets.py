"""Digits and glyphs: the same everywhere, balanced, and never the same in training and testing."""

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from mlopt_lessons.workbench import dataset_for, digits, glyphs, glyphs_test


def test_digits_are_scikit_learn_s() -> None:
    data = digits()
    assert data.train_x.shape == (1257, 64)
    assert data.test_x.shape == (540, 64)
    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x / 16, y, test_size=540, random_state=0, stratify=y)
    ours = (data.train_x, data.test_x, data.train_y, data.test_y)
    for found, expected in zip(ours, parts, strict=True):
        assert torch.equal(found, torch.from_numpy(expected).to(found.dtype))


def test_glyphs_have_62_classes_and_stay_within_0_and_1() -> None:
    data = glyphs(train=620, test=310, seed=4)
    assert data.train_x.shape == (620, 1, 28, 28)
    assert data.classes == 62
    assert data.train_y.unique().numel() == 62
    assert data.train_x.min() == 0
    assert data.train_x.max() <= 1
    assert data.train_x.dtype == torch.float32


def test_the_same_seed_draws_the_same_glyphs() -> None:
    first, labels = glyphs_test(50, seed=7)
    glyphs_test.cache_clear()
    again, labels_again = glyphs_test(50, seed=7)
    other, _ = glyphs_test(50, seed=8)
    assert torch.equal(first, again)
    assert torch.equal(labels, labels_again)
    assert not torch.equal(first, other)


def test_training_and_test_glyphs_differ() -> None:
    data = glyphs(train=100, test=100, seed=0)
    assert not torch.equal(data.train_x, data.test_x)
    assert torch.equal(data.test_x, glyphs_test(100, seed=0)[0])


def test_glyphs_of_one_class_are_alike_before_noise() -> None:
    images, labels = glyphs_test(6000)
    mean_w = images[labels == 32].mean(0)  # "W", broad
    mean_i = images[labels == 18].mean(0)  # "I", narrow
    spread = [(m.sum(1)[0] > m.sum(1)[0].mean()).sum().item() for m in (mean_w, mean_i)]
    assert spread[0] > spread[1]


def test_no_images_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        glyphs_test(0)


def test_a_model_without_data_is_told() -> None:
    with pytest.raises(ValueError, match="choose mlp"):
        dataset_for("resnet")
