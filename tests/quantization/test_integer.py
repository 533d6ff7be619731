"""The integer-only layer against exact arithmetic with Python's integers and ONNX Runtime."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from mlopt_lessons.quantization.affine import (
    Grid,
    dequantize,
    fake_quantize,
    levels,
    make_grid,
    quantize,
)
from mlopt_lessons.quantization.calibration import grid_for
from mlopt_lessons.quantization.integer import (
    IntegerLinear,
    fixed_point,
    integer_linear,
    requantize,
)


@dataclass
class Case:
    """A Linear layer, the grid of its weights, its integer version, and real inputs."""

    linear: nn.Linear
    weight_grid: Grid
    layer: IntegerLinear
    x: Tensor


@st.composite
def cases(draw: st.DrawFn) -> Case:
    inputs, outputs = draw(st.integers(1, 24)), draw(st.integers(1, 6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    linear = nn.Linear(inputs, outputs, bias=draw(st.booleans()))
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    x = torch.randn(5, inputs, generator=generator) * draw(st.sampled_from([0.01, 1.0, 30.0]))
    granularity = draw(st.sampled_from(["tensor", "channel"]))
    return integerized(linear, x, granularity, signed=draw(st.booleans()))


def integerized(
    linear: nn.Linear, x: Tensor, granularity: str, signed: bool, bits: int = 8
) -> Case:
    weight_grid = grid_for(linear.weight, bits, granularity=granularity, narrow=True)
    input_grid = grid_for(x, 8, "asymmetric", signed=signed)
    output_grid = grid_for(linear(x).detach(), 8, "asymmetric", signed=signed)
    layer = integer_linear(linear, weight_grid, input_grid, output_grid)
    return Case(linear, weight_grid, layer, x)


@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_equals_exact_arithmetic_with_unfolded_zero_points(case: Case):
    layer, grid = case.layer, case.layer.input_grid
    q = quantize(case.x, grid)
    weight = quantize(case.linear.weight, case.weight_grid).numpy().astype(object)
    sums = (q.numpy().astype(object) - grid.zero_point.item()) @ weight.T + _bias(case)
    assert layer.accumulate(q).dtype == torch.int32
    assert layer.accumulate(q).tolist() == sums.tolist()
    expected = [[_rescaled(s, layer, i) for i, s in enumerate(row)] for row in sums.tolist()]
    assert layer(q).tolist() == expected


def _bias(case: Case) -> np.ndarray:
    """The bias in units of input scale times weight scale, as Python integers."""
    outputs = case.linear.out_features
    weight_scales = case.weight_grid.scale.expand(outputs).tolist()
    biases = [0.0] * outputs if case.linear.bias is None else case.linear.bias.tolist()
    input_scale = case.layer.input_grid.scale.item()
    units = [round(b / (input_scale * s)) for b, s in zip(biases, weight_scales, strict=True)]
    return np.array(units, dtype=object)


def _rescaled(total: int, layer: IntegerLinear, output: int) -> int:
    factor = Fraction(layer.multiplier[output].item(), 2 ** layer.shift[output].item())
    rounded = (total * factor + Fraction(1, 2)).__floor__()
    grid = layer.output_grid
    return min(max(rounded + grid.zero_point.item(), grid.qmin), grid.qmax)


@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_is_within_one_step_of_real_arithmetic_on_the_same_rounded_values(case: Case):
    layer, out = case.layer, case.layer.output_grid
    q = quantize(case.x, layer.input_grid)
    weight = fake_quantize(case.linear.weight, case.weight_grid).double()
    bias = 0.0 if case.linear.bias is None else case.linear.bias.detach().double()
    real = dequantize(q, layer.input_grid).double() @ weight.T + bias
    low, high = levels(out)[[0, -1]].double()
    apart = (dequantize(layer(q), out).double() - real.clamp(low, high)).abs()
    # Half a step of the output, and half a unit of the rounded bias.
    unit = (layer.input_grid.scale * case.weight_grid.scale).double()
    assert (apart <= 0.501 * out.scale.double() + 0.501 * unit).all()


@settings(deadline=None, max_examples=100)
@given(real=st.floats(2.0**-31, 2.0**29))
def test_fixed_point_is_right_to_31_bits(real: float):
    multiplier, shift = fixed_point(real)
    assert 2**30 <= multiplier < 2**31
    error = abs(Fraction(multiplier, 2**shift) - Fraction(real))
    assert error <= Fraction(real) * Fraction(1, 2**31)


def test_fixed_point_worked_by_hand():
    assert fixed_point(0.5) == (2**30, 31)
    assert fixed_point(3.0) == (3 * 2**29, 29)
    assert fixed_point(1 - 2**-40) == (2**30, 30)  # rounds up to 1.0


@pytest.mark.parametrize("real", [0.0, -1.0, float("nan"), float("inf")])
def test_fixed_point_refuses_what_is_not_positive(real: float):
    with pytest.raises(ValueError, match="must be a positive number"):
        fixed_point(real)


@pytest.mark.parametrize("real", [2.0**-33, 2.0**31])
def test_fixed_point_refuses_what_needs_more_bits(real: float):
    with pytest.raises(ValueError, match="out of range"):
        fixed_point(real)


def test_requantize_uses_no_scale():
    sums = torch.tensor([[-1000, 0, 999]], dtype=torch.int32)
    multiplier, shift = torch.tensor([fixed_point(0.1)]).T
    zero = torch.tensor(3, dtype=torch.int32)
    results = [
        requantize(sums, multiplier, shift, Grid(torch.tensor(scale), zero, -128, 127))
        for scale in (1.0, 77.0)
    ]
    assert results[0].tolist() == [[-97, 3, 103]]
    assert torch.equal(*results)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16), signed=st.booleans())
def test_onnx_runtime_s_integer_kernels_agree(seed: int, signed: bool):
    generator = torch.Generator().manual_seed(seed)
    linear = nn.Linear(32, 8, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(8, 32, generator=generator))
    x = torch.randn(4, 32, generator=generator)
    # 7-bit weights: on CPUs without VNNI, ONNX Runtime's sums of two products saturate at 16 bits.
    case = integerized(linear, x, "tensor", signed, bits=7)
    layer, q = case.layer, quantize(x, case.layer.input_grid)
    sums, outputs = _onnx_matmul(q, layer, case.weight_grid)
    assert np.array_equal(layer.accumulate(q).numpy(), sums)
    assert np.abs(layer(q).numpy().astype(int) - outputs.astype(int)).max() <= 1


def _onnx_matmul(q: Tensor, layer: IntegerLinear, weight_grid: Grid) -> list[np.ndarray]:
    """ONNX Runtime's MatMulInteger and QLinearMatMul of the same integers."""
    integer = layer.input_grid.dtype
    kind = TensorProto.INT8 if integer == torch.int8 else TensorProto.UINT8
    values = {
        "w": layer.weight.T.contiguous(),
        "w_scale": weight_grid.scale,
        "w_zero": torch.tensor(0, dtype=torch.int8),
        "x_scale": layer.input_grid.scale,
        "x_zero": layer.input_grid.zero_point.to(integer),
        "y_scale": layer.output_grid.scale,
        "y_zero": layer.output_grid.zero_point.to(integer),
    }
    constants = [numpy_helper.from_array(v.numpy(), n) for n, v in values.items()]
    x_names, w_names = ["x", "x_scale", "x_zero"], ["w", "w_scale", "w_zero"]
    nodes = [
        helper.make_node("MatMulInteger", ["x", "w", "x_zero", "w_zero"], ["sums"]),
        helper.make_node("QLinearMatMul", [*x_names, *w_names, "y_scale", "y_zero"], ["y"]),
    ]
    outputs = [
        helper.make_tensor_value_info("sums", TensorProto.INT32, [4, 8]),
        helper.make_tensor_value_info("y", kind, [4, 8]),
    ]
    inputs = [helper.make_tensor_value_info("x", kind, [4, 32])]
    graph = helper.make_graph(nodes, "matmul", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": q.numpy()})


def test_inputs_of_another_type_or_width_are_refused():
    linear, x = nn.Linear(3, 2), torch.randn(4, 3)
    layer = integerized(linear, x, "tensor", signed=True).layer
    with pytest.raises(TypeError, match=r"takes torch.int8 integers"):
        layer(x)
    with pytest.raises(ValueError, match=r"takes shape \(batch, 3\), got \(4, 2\)"):
        layer(torch.zeros(4, 2, dtype=torch.int8))


def test_grids_that_do_not_fit_are_refused():
    linear, good = nn.Linear(4, 2), make_grid(-1.0, 1.0, symmetric=True)
    channel = grid_for(linear.weight, granularity="channel")
    asymmetric = make_grid(-1.0, 3.0)
    with pytest.raises(ValueError, match="must be symmetric"):
        integer_linear(linear, asymmetric, good, good)
    with pytest.raises(ValueError, match="input and output grids must be per tensor"):
        integer_linear(linear, good, channel, good)
    groups = grid_for(linear.weight, granularity="group", group_size=2)
    with pytest.raises(ValueError, match="per output channel"):
        integer_linear(linear, groups, good, good)


def test_sums_beyond_int32_are_refused():
    linear, grid = nn.Linear(2, 1), make_grid(-1e-6, 1e-6, symmetric=True)
    with torch.no_grad():
        linear.bias.fill_(1e3)
    with pytest.raises(ValueError, match=r"sums of fc can reach .* beyond int32"):
        integer_linear(linear, grid, grid, grid, "fc")
