"""Lesson 2: resources, from what a job uses to what it should ask for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
