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
from .integer import IntegerLinear, integer_linear
from .metrics import max_error, mse, sqnr_db
from .onnx_export import export
from .onnx_quantize import (
    quantize_4bit,
    quantize_dynamic,
    quantize_static,
)
from .packing import pack, unpack
from .qat import train_qat
from .quality import compare_calibrations, random_like
from .recipe import simplify
from .report import Report, compare
from .runtime import Session
from .sensitivity import scan
from .simulate import fake_quantized, weight_bytes
from .sweep import latency_sweep

__all__ = [
    "Grid",
    "IntegerLinear",
    "Report",
    "Session",
    "Setting",
    "SweepPoint",
    "compare",
    "compare_calibrations",
    "dequantize",
    "export",
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
    "quantize_4bit",
    "quantize_dynamic",
    "quantize_static",
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
