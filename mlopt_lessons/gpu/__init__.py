"""Lesson 4: GPU optimisation, from the GPU that fits a job to GPUs that are shared and watched."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
