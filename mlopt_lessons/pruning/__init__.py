"""Lesson 6: pruning, from a tree's dead branches to rows and channels that are gone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
