from .feeds import InputError
from .graph import OnnxModelError, bytes_on_disk
from .onnx_export import ExportError, export
from .quantize import quantize_4bit, quantize_dynamic, quantize_static
from .session import Session

__all__ = [
    "ExportError",
    "InputError",
    "OnnxModelError",
    "Session",
    "bytes_on_disk",
    "export",
    "quantize_4bit",
    "quantize_dynamic",
    "quantize_static",
]
