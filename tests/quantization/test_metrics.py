"""Error metrics against NumPy and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlopt_lessons.quantization.affine import fake_quantize
from mlopt_lessons.quantization.calibration import grid_for
from mlopt_lessons.quantization.metrics import max_error, mse, sqnr_db

VALUES = st.floats(-(2.0**126), 2.0**126, width=32)
PAIRS = hnp.arrays(np.float32, (2, 5), elements=VALUES)


@settings(deadline=None, max_examples=100)
@given(pair=PAIRS)
def test_metrics_are_numpy_s(pair: np.ndarray):
    x, y = torch.tensor(pair)
    a, b = pair.astype(np.float64)
    assert mse(x, y) == pytest.approx(np.mean((a - b) ** 2), rel=1e-12)
    assert max_error(x, y) == np.abs(a - b).max()
    noise, signal = np.sum((a - b) ** 2), np.sum(a**2)
    if noise and signal:
        assert sqnr_db(x, y) == pytest.approx(10 * np.log10(signal / noise), rel=1e-9, abs=1e-9)


def test_sqnr_worked_by_hand():
    x = torch.tensor([3.0, 4.0])
    assert sqnr_db(x, torch.tensor([3.0, 3.5])) == pytest.approx(20.0)  # 25 / 0.25 = 100


def test_sqnr_at_its_ends():
    zero, one = torch.zeros(2), torch.ones(2)
    assert sqnr_db(one, one) == math.inf
    assert sqnr_db(zero, zero) == math.inf
    assert sqnr_db(zero, one) == -math.inf


def test_each_bit_adds_six_decibels_to_uniform_values():
    x = torch.rand(100_000, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = [sqnr_db(x, fake_quantize(x, grid_for(x, bits, "asymmetric"))) for bits in range(4, 9)]
    assert np.diff(found) == pytest.approx(20 * math.log10(2), abs=0.6)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="same shape"):
        mse(torch.ones(2), torch.ones(3))
    with pytest.raises(ValueError, match="rounded has 1 NaN or Inf"):
        sqnr_db(torch.ones(1), torch.tensor([float("nan")]))
    with pytest.raises(ValueError, match="original has no values"):
        max_error(torch.empty(0), torch.empty(0))
    with pytest.raises(TypeError, match="original must be float32"):
        mse(torch.ones(2).double(), torch.ones(2))
