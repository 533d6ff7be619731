from .accuracy_sweep import Setting, SweepPoint, measure, settings
from .affine import (
    Grid,
    dequantize,
    fake_quantize,
    levels,
    make_grid,
    quantize,
)
from .calibration import grid_for, ranges
from .calibration_data import compare_calibrations, random_like
from .integer import IntegerLinear, integer_linear
from .metrics import max_error, mse, sqnr_db
from .packing import pack, unpack
from .qat import train_qat
from .recipe import simplify
from .report import compare
from .sensitivity import scan
from .simulate import fake_quantized, weight_bytes
from .sweep import latency_sweep

__all__ = [
    "Grid",
    "IntegerLinear",
    "Setting",
    "SweepPoint",
    "compare",
    "compare_calibrations",
    "dequantize",
    "fake_quantize",
    "fake_quantized",
    "grid_for",
    "integer_linear",
    "latency_sweep",
    "levels",
    "make_grid",
    "max_error",
    "measure",
    "mse",
    "pack",
    "quantize",
    "random_like",
    "ranges",
    "scan",
    "settings",
    "simplify",
    "sqnr_db",
    "train_qat",
    "unpack",
    "weight_bytes",
]
