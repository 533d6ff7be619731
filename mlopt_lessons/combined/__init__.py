"""Lesson 7: all savings together, how sure they are, and the cheapest model that is good enough."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
