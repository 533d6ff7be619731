"""Lesson 3: spot instances, from a cheap seat to a training that survives being killed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
