"""Other implementations as oracles: torch bit for bit, ONNX Runtime up to one step on near-ties."""

from functools import lru_cache

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper
from onnxruntime.quantization.quant_utils import compute_scale_zp
from torch import Tensor

from mlopt_lessons.quantization.affine import (
    SMALLEST_SCALE,
    Grid,
    dequantize,
    fake_quantize,
    integer_range,
    make_grid,
    quantize,
)
from mlopt_lessons.quantization.calibration import grid_for

ANY_FLOAT = st.floats(allow_nan=False, allow_infinity=False, width=32)
SCALES = st.floats(SMALLEST_SCALE, 2.0**118, width=32)
ONNX_TYPES = {
    (8, True): TensorProto.INT8,
    (8, False): TensorProto.UINT8,
    (4, True): TensorProto.INT4,
    (4, False): TensorProto.UINT4,
    (2, True): TensorProto.INT2,
    (2, False): TensorProto.UINT2,
}


@st.composite
def grids(draw: st.DrawFn, channels: int | None = None) -> Grid:
    """Any grid of 2 to 8 bits: per tensor, or with one scale a channel."""
    qmin, qmax = integer_range(draw(st.integers(2, 8)), draw(st.booleans()))
    shape = () if channels is None else (channels,)
    scale = torch.tensor(draw(hnp.arrays(np.float32, shape, elements=SCALES)))
    zeros = st.integers(qmin, qmax)
    zero_point = torch.tensor(draw(hnp.arrays(np.int32, shape, elements=zeros)))
    return Grid(scale, zero_point, qmin, qmax, None if channels is None else 0)


@st.composite
def near_the_grid(draw: st.DrawFn, shape: tuple[int, ...], grid: Grid) -> Tensor:
    """Values around the levels and half-way between, where rounding is decided."""
    steps = draw(hnp.arrays(np.float32, shape, elements=st.integers(-600, 600)))
    scale = grid.scale.reshape(-1, *[1] * (len(shape) - 1)) if grid.axis == 0 else grid.scale
    off = draw(hnp.arrays(np.float32, shape, elements=st.floats(-0.25, 0.25, width=32)))
    noise = torch.tensor(off) * draw(st.sampled_from([0.0, 1e-6, 1.0]))
    return (torch.tensor(steps) / 2 + noise) * scale


def same_bits(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.view(torch.int32), b.view(torch.int32))


@settings(deadline=None, max_examples=100)
@given(data=st.data(), grid=grids())
def test_per_tensor_equals_torch_bit_for_bit(data: st.DataObject, grid: Grid):
    anything = hnp.arrays(np.float32, (3, 5), elements=ANY_FLOAT).map(torch.tensor)
    x = data.draw(st.one_of(anything, near_the_grid((3, 5), grid)))
    expected = torch.fake_quantize_per_tensor_affine(
        x, grid.scale.item(), grid.zero_point.item(), grid.qmin, grid.qmax
    )
    assert same_bits(fake_quantize(x, grid), expected)


@settings(deadline=None, max_examples=100)
@given(data=st.data(), grid=grids(channels=3), axis=st.sampled_from([0, 1, 2]))
def test_per_channel_equals_torch_bit_for_bit(data: st.DataObject, grid: Grid, axis: int):
    x = data.draw(near_the_grid((3, 2, 4), grid)).movedim(0, axis)
    grid = Grid(grid.scale, grid.zero_point, grid.qmin, grid.qmax, axis)
    expected = torch.fake_quantize_per_channel_affine(
        x, grid.scale, grid.zero_point, axis, grid.qmin, grid.qmax
    )
    assert same_bits(fake_quantize(x, grid).contiguous(), expected.contiguous())


@settings(deadline=None, max_examples=100)
@given(x=hnp.arrays(np.float32, (3, 4), elements=ANY_FLOAT), bits=st.sampled_from([2, 4, 8]))
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("granularity", ["tensor", "channel", "group"])
def test_onnx_runtime_is_at_most_one_step_away_on_near_ties(
    signed: bool, granularity: str, x: np.ndarray, bits: int
):
    x = torch.tensor(np.clip(x, -1e37, 1e37))
    grid = grid_for(x, bits, "asymmetric", granularity, signed=signed, group_size=2)
    ours = dequantize(quantize(x, grid), grid)
    # In float64: float32 near the ends of its range would blur what is compared.
    parts = (grid.scale.numel(), -1)
    steps = grid.scale.double().reshape(-1, 1)
    apart = ((ours.double() - _onnx_round_trip(x, grid).double()).reshape(parts) / steps).abs()
    position = x.double().reshape(parts) / steps
    from_tie = ((position - position.floor()) - 0.5).abs()
    assert (apart <= torch.where(from_tie < 2**-15, 1.001, 0.001)).all()


def _onnx_round_trip(x: Tensor, grid: Grid) -> Tensor:
    kind = ONNX_TYPES[grid.bits, grid.qmin < 0]
    session = _session(kind, tuple(x.shape), tuple(grid.scale.shape), grid.group_size or 0)
    inputs = {"x": x, "scale": grid.scale, "zero": grid.zero_point.float()}
    return torch.tensor(session.run(None, {name: t.numpy() for name, t in inputs.items()})[0])


@lru_cache
def _session(
    kind: int, shape: tuple[int, ...], scales: tuple[int, ...], block_size: int
) -> onnxruntime.InferenceSession:
    """QuantizeLinear then DequantizeLinear, the zero point cast from float; no optimisation."""
    # A block runs along ONNX's axis; a channel lies across it.
    how = {"axis": 1, "block_size": block_size} if block_size else {"axis": 0}
    nodes = [
        helper.make_node("Cast", ["zero"], ["z"], to=kind),
        helper.make_node("QuantizeLinear", ["x", "scale", "z"], ["q"], **how),
        helper.make_node("DequantizeLinear", ["q", "scale", "z"], ["y"], **how),
    ]
    floats = {"x": shape, "scale": scales, "zero": scales}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in floats.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "round_trip", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=11)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


@settings(deadline=None, max_examples=100)
@given(
    low=st.floats(-(2.0**20), -(2.0**-20), width=32),
    high=st.floats(2.0**-20, 2.0**20, width=32),
    bits=st.integers(2, 8),
)
def test_grids_equal_onnx_runtime_s(low: float, high: float, bits: int):
    for symmetric in (True, False):
        grid = make_grid(low, high, bits, symmetric=symmetric, narrow=symmetric)
        ends = (np.float32(low), np.float32(high), np.int8(grid.qmin), np.int8(grid.qmax))
        zero_point, scale = compute_scale_zp(*ends, symmetric=symmetric)
        assert grid.scale.item() == pytest.approx(float(scale), rel=1e-6)
        assert abs(grid.zero_point.item() - int(zero_point)) <= _on_a_tie(low, grid)


def _on_a_tie(low: float, grid: Grid) -> int:
    position = low / grid.scale.double().item()
    return int(abs(position % 1 - 0.5) < 1e-4)


def test_real_difference_symmetric_scale_and_lowest_level():
    x = torch.tensor([-2.0, 1.0])
    assert grid_for(x).scale.item() == pytest.approx(2 / 127)
    assert _torch_scale(x, torch.per_tensor_symmetric)[0] == pytest.approx(2 / 127.5)
    low = torch.tensor([-999.0])
    assert quantize(low, make_grid(-1.0, 1.0, symmetric=True)).item() == -128
    narrow = make_grid(-1.0, 1.0, symmetric=True, narrow=True)
    assert quantize(low, narrow).item() == -127


@settings(deadline=None, max_examples=50)
@given(x=hnp.arrays(np.float32, 6, elements=st.floats(-1e6, 1e6, width=32)).map(torch.tensor))
def test_asymmetric_scale_and_zero_point_equal_torch_s_observer(x: Tensor):
    if x.abs().max() < 1e-3:  # torch's smallest scale takes over
        return
    scale, zero_point = _torch_scale(x, torch.per_tensor_affine)
    grid = grid_for(x, 8, "asymmetric")
    assert grid.scale.item() == pytest.approx(scale, rel=1e-6)
    assert abs(grid.zero_point.item() - zero_point) <= _on_a_tie(min(x.min().item(), 0.0), grid)


def test_real_difference_smallest_scale():
    zeros = torch.zeros(3)
    assert grid_for(zeros).scale.item() == 1.0
    assert _torch_scale(zeros, torch.per_tensor_symmetric)[0] == pytest.approx(2**-23)
    none = np.float32(0)
    assert compute_scale_zp(none, none, np.int8(-127), np.int8(127), symmetric=True)[1] == 1.0
    tiny = torch.tensor([-1e-9, 1e-9])
    assert fake_quantize(tiny, grid_for(tiny)).tolist() == pytest.approx(tiny.tolist(), rel=1e-6)
    assert torch.fake_quantize_per_tensor_affine(tiny, 2**-23, 0, -128, 127).tolist() == [0, 0]


def test_real_difference_zero_point_on_a_tie():
    ends = (np.float32(-1.5), np.float32(252.5), np.int8(-127), np.int8(127))
    assert compute_scale_zp(*ends)[0] == -126  # round(-127 + 1.5) = round(-125.5)
    assert make_grid(-1.5, 252.5, narrow=True).zero_point.item() == -125  # -127 + round(1.5)


def test_real_difference_far_outside_the_range():
    x, zero = torch.tensor([[1e30, -1e30]]), torch.zeros(1, dtype=torch.int32)
    grid = Grid(torch.ones(1), zero, -128, 127, 0)
    assert fake_quantize(x, grid).tolist() == [[127.0, -128.0]]
    theirs = torch.fake_quantize_per_channel_affine(x, torch.ones(1), zero, 0, -128, 127)
    assert theirs.tolist() == [[-128.0, -128.0]]


def test_real_difference_nan_passes_through_other_libraries():
    nan = torch.tensor([[float("nan"), float("inf")]])
    for theirs in (
        torch.fake_quantize_per_tensor_affine(nan, 1.0, 0, -128, 127),
        _onnx_round_trip(nan, make_grid(-1.0, 1.0)),
    ):
        assert torch.isfinite(theirs).all()
    with pytest.raises(ValueError, match="2 NaN or Inf"):
        fake_quantize(nan, make_grid(-1.0, 1.0))


def _torch_scale(x: Tensor, qscheme: torch.qscheme) -> tuple[float, int]:
    observer = torch.ao.quantization.observer.MinMaxObserver(dtype=torch.qint8, qscheme=qscheme)
    observer(x)
    scale, zero_point = observer.calculate_qparams()
    return scale.item(), int(zero_point.item())
