"""Packing: two 4-bit or four 2-bit integers in each byte.

The first integer lies in the lowest bits (the low nibble first), as in ONNX's INT4 tensors.
Signed integers are stored in two's complement. A last byte that is not full is padded with zeros,
so the packed bytes alone don't tell how many integers they hold: keep the length beside them.
"""

import torch
from torch import Tensor

PACKED_BITS = (2, 4)


def pack(q: Tensor, bits: int) -> Tensor:
    """The integers q (any shape, in row order) as uint8 bytes, shape (⌈q.numel() · bits / 8⌉,).

    Takes −8 to 15 for 4 bits and −2 to 3 for 2 bits: signed and unsigned share their low bits.
    Raises TypeError when q is not of integers, ValueError when one does not fit.
    """
    per_byte = _per_byte(bits)
    if not isinstance(q, Tensor) or q.dtype.is_floating_point or q.dtype == torch.bool:
        raise TypeError("pack needs a tensor of integers, as `quantize` returns it.")
    lowest, highest = -(2 ** (bits - 1)), 2**bits - 1
    if q.numel() and (q.min().item() < lowest or q.max().item() > highest):
        raise ValueError(f"{bits} bits hold {lowest} to {highest}; quantize to {bits} bits first.")
    fields = torch.zeros(-(-q.numel() // per_byte) * per_byte, dtype=torch.uint8)
    fields[: q.numel()] = (q.flatten().to(torch.int16) & highest).to(torch.uint8)
    return (fields.reshape(-1, per_byte) << _shifts(bits)).sum(1, dtype=torch.uint8)


def unpack(packed: Tensor, bits: int, length: int, *, signed: bool = True) -> Tensor:
    """The first `length` integers of the bytes: int8 when signed, else uint8, shape (length,).

    Undoes `pack`. Raises TypeError when packed is not uint8, ValueError when its size is not what
    `length` integers need.
    """
    per_byte = _per_byte(bits)
    if not isinstance(packed, Tensor) or packed.dtype != torch.uint8:
        raise TypeError("unpack needs a uint8 tensor, as `pack` returns it.")
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise ValueError(f"length must be a whole number of integers, got {length!r}.")
    if packed.numel() != -(-length // per_byte):
        raise ValueError(
            f"{length} integers of {bits} bits need {-(-length // per_byte)} bytes, got "
            f"{packed.numel()}; pass the length that was packed."
        )
    fields = (packed.reshape(-1, 1) >> _shifts(bits)) & (2**bits - 1)
    unsigned = fields.flatten()[:length]
    if not signed:
        return unsigned
    # The upper half of the codes stands for the negative numbers: 15 is −1, 8 is −8.
    return (unsigned.to(torch.int8) ^ 2 ** (bits - 1)) - 2 ** (bits - 1)


def _per_byte(bits: int) -> int:
    if bits not in PACKED_BITS or isinstance(bits, float):
        raise ValueError(f"Only 4 and 2 bits fill a byte evenly, got bits={bits!r}.")
    return 8 // bits


def _shifts(bits: int) -> Tensor:
    return torch.arange(0, 8, bits, dtype=torch.uint8)
