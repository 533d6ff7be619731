"""Affine quantization: real numbers become small integers on an evenly spaced grid.

    q = clamp(round(x / scale) + zero_point, qmin, qmax)          quantize
    x ≈ (q - zero_point) * scale                                  dequantize

The formulas are those of Jacob et al. 2018 (arXiv:1712.05877, section 2.1) and Nagel et al. 2021
(arXiv:2106.08295, section 2.2). Everything works on float32 tensors, as torch does it: the
division is a multiplication by 1/scale in float32, and halves round to the even neighbour. So
`fake_quantize` equals `torch.fake_quantize_per_tensor_affine` and `..._per_channel_affine` bit
for bit.

Who shares a scale is a matter of layout. A tensor is laid out as rows, and each row has its own
scale and zero point: one row for the whole tensor, one a channel, or one a group of
`group_size` neighbours within a channel. All other code here is the same for the three.

Where libraries differ, this is the choice made here (tests pin each):

- Symmetric scale: max|x| / 127, as ONNX Runtime. Torch's observers divide by 127.5.
- Lowest level: −128, or −127 with `narrow=True` (ONNX Runtime's symmetric weights; Jacob's too).
- Zero point: the range is widened to include 0, then 0 is moved onto the nearest level
  ("nudged"), rounding low / scale as torch does. ONNX Runtime rounds qmin − low / scale: the same,
  unless qmin is odd and low / scale ends in exactly one half.
- A range of zero width gets scale 1.0, as ONNX Runtime. Torch's observers use 1.19e-7.
- Smallest scale: 1.18e-38, so that 1 / scale is finite. Torch's observers stop at 1.19e-7, which
  turns a tensor of tiny weights into zeros.
- NaN and Inf are errors. Libraries turn NaN into 127, −128 or 0 without a word.
- A value far outside the range is clipped to the nearer end. Torch's per-channel fake_quantize
  gives the lowest level from about x / scale = 2^63 on, whatever the sign.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_SCALE = torch.finfo(torch.float32).tiny


@dataclass(frozen=True, eq=False)
class Grid:
    """The levels that one tensor is rounded to.

    `scale` (float32) and `zero_point` (int32) have shape () for the whole tensor, (channels,) with
    an `axis`, or (channels, groups) with an `axis` and a `group_size`. `qmin` and `qmax` are the
    lowest and highest integer. Raises ValueError or TypeError when these do not fit together.
    """

    scale: Tensor
    zero_point: Tensor
    qmin: int
    qmax: int
    axis: int | None = None
    group_size: int | None = None

    def __post_init__(self) -> None:
        if self.scale.dtype != torch.float32 or self.zero_point.dtype != torch.int32:
            raise TypeError("A grid needs a float32 scale and an int32 zero_point.")
        if self.axis is None and self.group_size is not None:
            raise ValueError("Groups lie within channels: pass axis=0 for output channels.")
        dims = 0 if self.axis is None else 1 if self.group_size is None else 2
        if self.scale.dim() != dims or self.zero_point.shape != self.scale.shape:
            raise ValueError(
                f"scale and zero_point must both have {dims} dimensions here (none per tensor, one "
                f"per channel, two per group), got {_shape(self.scale)}, {_shape(self.zero_point)}."
            )
        if not (torch.isfinite(self.scale) & (self.scale >= SMALLEST_SCALE)).all():
            raise ValueError(f"Every scale must be finite and at least {SMALLEST_SCALE:.3g}.")
        if not ((self.zero_point >= self.qmin) & (self.zero_point <= self.qmax)).all():
            raise ValueError(f"Every zero_point must lie from {self.qmin} to {self.qmax}.")

    @property
    def bits(self) -> int:
        """Bits that hold one integer of this grid."""
        return (self.qmax - self.qmin).bit_length()

    @property
    def dtype(self) -> torch.dtype:
        """The integer type that `quantize` returns: int8, or uint8 when qmin is 0."""
        return torch.int8 if self.qmin < 0 else torch.uint8


def check_bits(bits: int) -> int:
    """Returns bits when it is an integer from 2 to 8, else raises TypeError or ValueError."""
    if isinstance(bits, bool) or not isinstance(bits, int):
        raise TypeError(f"bits must be an integer from 2 to 8, got {bits!r}.")
    if not 2 <= bits <= 8:
        raise ValueError(f"bits must be from 2 to 8, got {bits}.")
    return bits


def check_tensor(x: Tensor, name: str = "tensor") -> Tensor:
    """Returns x without its gradient; raises if x is not float32, is empty or holds NaN or Inf."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got {type(x).__name__}; convert it first.")
    if x.dtype != torch.float32:
        raise TypeError(f"{name} must be float32, got {x.dtype}; convert it with .float().")
    if x.numel() == 0:
        raise ValueError(f"{name} has no values (shape {_shape(x)}); pass at least one.")
    x = x.detach()
    # One pass: aminmax hands on NaN, and shows Inf as an end.
    if not all(torch.isfinite(end) for end in torch.aminmax(x)):
        bad = torch.count_nonzero(~torch.isfinite(x)).item()
        raise ValueError(f"{name} has {bad} NaN or Inf values of {x.numel()}; remove them first.")
    return x


def integer_range(bits: int, signed: bool = True, narrow: bool = False) -> tuple[int, int]:
    """(qmin, qmax) of 2 to 8 bits: −128 to 127; unsigned 0 to 255; `narrow` drops the lowest."""
    check_bits(bits)
    qmin = -(2 ** (bits - 1)) if signed else 0
    return qmin + narrow, qmin + 2**bits - 1


def to_rows(
    x: Tensor, axis: int | None = None, group_size: int | None = None, name: str = "tensor"
) -> Tensor:
    """Lays x out as a matrix whose rows each share one scale.

    One row without an axis; one row a channel (index along `axis`); with a `group_size`, each
    channel is cut into groups of that many neighbours. Raises ValueError for a wrong axis or group.
    """
    if axis is None:
        return x.reshape(1, -1)
    if not -x.dim() <= axis < x.dim():
        raise ValueError(
            f"{name} of shape {_shape(x)} has no axis {axis}; choose one below {x.dim()}."
        )
    channels = x.movedim(axis, 0).reshape(x.shape[axis], -1)
    if group_size is None:
        return channels
    length = channels.shape[1]
    if isinstance(group_size, bool) or not isinstance(group_size, int) or group_size < 1:
        raise ValueError(f"group_size must be a whole number of at least 1, got {group_size!r}.")
    if length % group_size:
        raise ValueError(
            f"group_size {group_size} does not divide the {length} values of each channel of "
            f"{name}; choose a divisor of {length}, or one scale per channel."
        )
    return channels.reshape(-1, group_size)


def from_rows(rows: Tensor, shape: torch.Size, axis: int | None = None) -> Tensor:
    """Undoes `to_rows`: rows back to a tensor of `shape`."""
    if axis is None:
        return rows.reshape(shape)
    moved = (shape[axis], *(n for i, n in enumerate(shape) if i != axis % len(shape)))
    return rows.reshape(moved).movedim(0, axis)


def make_grid(
    low: float | Tensor,
    high: float | Tensor,
    bits: int = 8,
    *,
    symmetric: bool = False,
    signed: bool = True,
    narrow: bool = False,
    axis: int | None = None,
    group_size: int | None = None,
    name: str = "tensor",
) -> Grid:
    """The grid that covers the range from `low` to `high` (widened to include 0).

    Asymmetric: scale = (high − low) / (qmax − qmin), zero_point = qmin − round(low / scale).
    Symmetric: scale = max(−low, high) / qmax, zero_point = 0 (Nagel et al. 2021, eq. 4 to 8).
    `low` and `high` are numbers, or tensors of shape (channels,) or (channels, groups) with `axis`
    and `group_size` as in `Grid`. Raises ValueError when low > high, when one is NaN or Inf, for a
    symmetric unsigned grid, and when the levels would leave float32.
    """
    qmin, qmax = integer_range(bits, signed, narrow)
    if symmetric and not signed:
        raise ValueError("A symmetric grid is centred on 0 and needs signed integers: signed=True.")
    low, high = _ends(low, high, name)
    # float64, because high − low can exceed float32 (±3e38).
    width = torch.maximum(-low, high).double() if symmetric else high.double() - low.double()
    scale = (width / (qmax if symmetric else qmax - qmin)).clamp_min(SMALLEST_SCALE).float()
    scale = torch.where(width == 0, 1.0, scale)
    zero_point = torch.zeros_like(low) if symmetric else qmin - torch.round(low / scale)
    zero_point = zero_point.clamp(qmin, qmax).int()
    grid = Grid(scale, zero_point, qmin, qmax, axis, group_size)
    for end in (low, high):
        if not torch.isfinite(round_rows(end.reshape(-1, 1), grid)).all():
            raise ValueError(f"The range of {name} is too wide for float32; divide it by 4 first.")
    return grid


def quantize(x: Tensor, grid: Grid, name: str = "tensor") -> Tensor:
    """x (float32) as integers of the grid: int8 or uint8, the shape of x."""
    rows = _rows_of(check_tensor(x, name), grid, name)
    return from_rows(_to_levels(rows, grid).to(grid.dtype), x.shape, grid.axis)


def dequantize(q: Tensor, grid: Grid, name: str = "tensor") -> Tensor:
    """The real values (float32) that the integers q stand for: (q − zero_point) · scale."""
    if not isinstance(q, Tensor) or q.dtype.is_floating_point or q.dtype == torch.bool:
        raise TypeError(f"{name} must be a tensor of integers, as `quantize` returns it.")
    rows = _rows_of(q, grid, name)
    if q.numel() and (q.min().item() < grid.qmin or q.max().item() > grid.qmax):
        raise ValueError(
            f"{name} has integers outside {grid.qmin} to {grid.qmax}, the grid's range."
        )
    return from_rows(_from_levels(rows.float(), grid), q.shape, grid.axis)


def fake_quantize(x: Tensor, grid: Grid, name: str = "tensor") -> Tensor:
    """x rounded to the grid, still float32: the error of integers, without their size or speed."""
    rows = _rows_of(check_tensor(x, name), grid, name)
    return from_rows(round_rows(rows, grid), x.shape, grid.axis)


def clipped(x: Tensor, grid: Grid, name: str = "tensor") -> Tensor:
    """True where x lies outside the grid's range, so that `quantize` clips it; the shape of x."""
    q = _unclamped(_rows_of(check_tensor(x, name), grid, name), grid)
    return from_rows((q < grid.qmin) | (q > grid.qmax), x.shape, grid.axis)


def round_rows(rows: Tensor, grid: Grid) -> Tensor:
    """`fake_quantize` on rows of finite float32 values, one a scale; checks nothing."""
    return _from_levels(_to_levels(rows, grid), grid)


def levels(grid: Grid) -> Tensor:
    """All values that the grid can hold, ascending: shape (*scale.shape, qmax − qmin + 1)."""
    q = torch.arange(grid.qmin, grid.qmax + 1)
    return (q - grid.zero_point[..., None]) * grid.scale[..., None]


def _to_levels(rows: Tensor, grid: Grid) -> Tensor:
    return _unclamped(rows, grid).clamp_(grid.qmin, grid.qmax)


def _unclamped(rows: Tensor, grid: Grid) -> Tensor:
    scale, zero_point = grid.scale.reshape(-1, 1), grid.zero_point.reshape(-1, 1)
    # In place after the first step, for speed. torch.round rounds halves to even, as rint does.
    return (rows * (1.0 / scale)).round_().add_(zero_point)


def _from_levels(q: Tensor, grid: Grid) -> Tensor:
    return q.sub_(grid.zero_point.reshape(-1, 1)).mul_(grid.scale.reshape(-1, 1))


def _rows_of(x: Tensor, grid: Grid, name: str) -> Tensor:
    rows = to_rows(x, grid.axis, grid.group_size, name)
    channels_fit = grid.axis is None or x.shape[grid.axis] == len(grid.scale)
    if rows.shape[0] != grid.scale.numel() or not channels_fit:
        raise ValueError(
            f"{name} of shape {_shape(x)} needs {rows.shape[0]} scales along axis {grid.axis}, "
            f"the grid has {_shape(grid.scale)}; make the grid from this tensor."
        )
    return rows


def _ends(low: float | Tensor, high: float | Tensor, name: str) -> tuple[Tensor, Tensor]:
    try:
        ends = [torch.as_tensor(end, dtype=torch.float32).detach() for end in (low, high)]
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"The range of {name} must be numbers, got {low!r} and {high!r}."
        ) from error
    if ends[0].shape != ends[1].shape:
        raise ValueError(f"low and high of {name} must have the same shape.")
    if not all(torch.isfinite(end).all() for end in ends):
        raise ValueError(f"The range of {name} has NaN or Inf; calibrate on finite values.")
    if (ends[0] > ends[1]).any():
        raise ValueError(f"The range of {name} has a low end above its high end; swap them.")
    return ends[0].clamp(max=0), ends[1].clamp(min=0)


def _shape(x: Tensor) -> tuple[int, ...]:
    return tuple(x.shape)
