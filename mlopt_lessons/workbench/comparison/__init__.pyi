from .data import apart, first_rows, row_count, split
from .quality import LabelError, OutputError, Quality
from .report import Report, Row, measure, place
from .variants import EAGER, FP32, Variant, eager, evaluating, in_session, torch_threads

__all__ = [
    "EAGER",
    "FP32",
    "LabelError",
    "OutputError",
    "Quality",
    "Report",
    "Row",
    "Variant",
    "apart",
    "eager",
    "evaluating",
    "first_rows",
    "in_session",
    "measure",
    "place",
    "row_count",
    "split",
    "torch_threads",
]
