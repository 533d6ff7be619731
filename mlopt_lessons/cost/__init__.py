"""Lesson 1: cost, from a real bill to what one training run costs, and what it need not."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
