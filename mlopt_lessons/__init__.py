"""Same results, less money: the code behind the course mlopt-lessons."""

__version__ = "0.1.0"
