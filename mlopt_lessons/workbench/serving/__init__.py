"""Serve a model: export it to ONNX, quantize the file, run it in ONNX Runtime with checked inputs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
