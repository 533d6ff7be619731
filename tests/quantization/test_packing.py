"""Packing against ONNX's own INT4 and INT2 tensors, ml_dtypes, and arithmetic."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from mlopt_lessons.quantization.packing import pack, unpack

BITS = st.sampled_from([4, 2])
ONNX_TYPES = {
    (4, True): TensorProto.INT4,
    (4, False): TensorProto.UINT4,
    (2, True): TensorProto.INT2,
    (2, False): TensorProto.UINT2,
}


@st.composite
def integers(draw: st.DrawFn, max_size: int = 40) -> tuple[list[int], int, bool]:
    bits, signed = draw(BITS), draw(st.booleans())
    low = -(2 ** (bits - 1)) if signed else 0
    values = st.integers(low, low + 2**bits - 1)
    return draw(st.lists(values, min_size=1, max_size=max_size)), bits, signed


def tensor(values: list[int], signed: bool) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int8 if signed else torch.uint8)


@settings(deadline=None, max_examples=100)
@given(case=integers())
def test_unpack_undoes_pack(case: tuple[list[int], int, bool]):
    values, bits, signed = case
    q = tensor(values, signed)
    packed = pack(q, bits)
    restored = unpack(packed, bits, len(values), signed=signed)
    assert packed.dtype == torch.uint8
    assert len(packed) == math.ceil(len(values) * bits / 8)
    assert restored.dtype == q.dtype
    assert torch.equal(restored, q)


@settings(deadline=None, max_examples=100)
@given(case=integers())
def test_bytes_are_onnx_s(case: tuple[list[int], int, bool]):
    values, bits, signed = case
    kind = ONNX_TYPES[bits, signed]
    expected = helper.make_tensor("q", kind, [len(values)], values).int32_data
    assert pack(tensor(values, signed), bits).tolist() == list(expected)


@settings(deadline=None, max_examples=50)
@given(case=integers())
def test_bytes_are_the_digits_of_one_number(case: tuple[list[int], int, bool]):
    values, bits, signed = case
    number = sum((value % 2**bits) << (bits * i) for i, value in enumerate(values))
    packed = bytes(pack(tensor(values, signed), bits).tolist())
    assert int.from_bytes(packed, "little") == number


def test_low_nibble_first():
    assert pack(torch.tensor([1, 2, -1]), 4).tolist() == [0x21, 0x0F]
    assert pack(torch.tensor([0, 1, 2, 3, 1]), 2).tolist() == [0b11100100, 0b01]


def test_many_dimensions_pack_in_row_order():
    q = torch.from_numpy(np.arange(-8, 8, dtype=np.int8)).reshape(4, 4)
    assert torch.equal(pack(q.T, 4), pack(q.T.contiguous().flatten(), 4))


def test_nothing_packs_to_nothing():
    assert pack(torch.empty(0, dtype=torch.int8), 4).shape == (0,)
    assert unpack(torch.empty(0, dtype=torch.uint8), 4, 0).shape == (0,)


@pytest.mark.parametrize("bits", [3, 8, 0, 33, 4.0, "4", None])
def test_other_bits_are_refused(bits: object):
    with pytest.raises(ValueError, match="Only 4 and 2 bits"):
        pack(torch.tensor([1]), bits)


@pytest.mark.parametrize("value", [-9, 16, 300])
def test_integers_that_do_not_fit_are_refused(value: int):
    with pytest.raises(ValueError, match="4 bits hold -8 to 15"):
        pack(torch.tensor([0, value]), 4)


@pytest.mark.parametrize("q", [torch.tensor([1.0]), torch.tensor([True]), [1]])
def test_what_is_no_integer_tensor_is_refused(q: object):
    with pytest.raises(TypeError, match="tensor of integers"):
        pack(q, 4)


def test_unpack_refuses_another_length_or_type():
    packed = pack(torch.tensor([1, 2, 3]), 4)
    with pytest.raises(ValueError, match="5 integers of 4 bits need 3 bytes, got 2"):
        unpack(packed, 4, 5)
    with pytest.raises(TypeError, match="uint8"):
        unpack(packed.to(torch.int8), 4, 3)
    for length in (-1, 3.0, "3", True):
        with pytest.raises(ValueError, match="length must be a whole number"):
            unpack(packed, 4, length)
