"""A still picture with its finding in words, for cells that show a result without sliders."""

from typing import Any

from matplotlib.figure import Figure

from mlopt_lessons.course import look


class Still:
    """A figure that a notebook shows as PNG, with `alt`, its finding, as text."""

    def __init__(self, figure: Figure, alt: str) -> None:
        if not alt.strip():
            raise ValueError("A picture needs its finding in words: fill in alt.")
        self.figure, self.alt = figure, alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        canvas = look.canvas_of(self.figure)
        canvas.draw()
        return look.bundle(look.encode_png(canvas), self.alt)


def show(figure: Figure, alt: str) -> Still:
    """The figure as a cell's result, with its finding in words. Raises ValueError without words."""
    return Still(figure, alt)
