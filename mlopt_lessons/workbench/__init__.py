"""The models and data that get compressed; training, accuracy, size on disk, latency, prices."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
