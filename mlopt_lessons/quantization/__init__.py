"""Lesson 5: quantization, from a recipe card's digits to int8 kernels."""

from mlopt_lessons.quantization.accuracy_sweep import Setting, SweepPoint, measure, settings
from mlopt_lessons.quantization.affine import (
    Grid,
    dequantize,
    fake_quantize,
    levels,
    make_grid,
    quantize,
)
from mlopt_lessons.quantization.calibration import grid_for, ranges
from mlopt_lessons.quantization.integer import IntegerLinear, integer_linear
from mlopt_lessons.quantization.metrics import max_error, mse, sqnr_db
from mlopt_lessons.quantization.onnx_export import export
from mlopt_lessons.quantization.onnx_quantize import (
    quantize_4bit,
    quantize_dynamic,
    quantize_static,
)
from mlopt_lessons.quantization.packing import pack, unpack
from mlopt_lessons.quantization.qat import train_qat
from mlopt_lessons.quantization.quality import compare_calibrations, random_like
from mlopt_lessons.quantization.recipe import simplify
from mlopt_lessons.quantization.report import Report, compare
from mlopt_lessons.quantization.runtime import Session
from mlopt_lessons.quantization.sensitivity import scan
from mlopt_lessons.quantization.simulate import fake_quantized, weight_bytes
from mlopt_lessons.quantization.sweep import latency_sweep

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
