"""A small GPT on the source text of Python's own standard library: train, serve, measure."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
