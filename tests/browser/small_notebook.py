"""The smallest notebook with everything a lesson shows: a lab, a prediction and a quiz."""

from pathlib import Path

import nbformat

LAB = """
import ipywidgets as widgets
import numpy as np
from mlopt_lessons.course import LiveFigure, look

class Wave:
    def __init__(self):
        self.figure, (left, right) = look.figure(8, 3.6, ncols=2)
        with look.style():
            self.title = left.set_title("A wave")
            (self.line,) = left.plot(np.arange(200), np.zeros(200), color=look.BLUE)
            self.bars = right.bar(np.arange(64), np.zeros(64), color=look.ORANGE)
        left.set(ylim=(-3, 3), xlabel="time (ms)", ylabel="height")
        right.set(ylim=(0, 3), xlabel="sample")
        self.artists = [self.title, self.line, *self.bars]

    def update(self, heights):
        self.line.set_ydata(heights)
        for bar, height in zip(self.bars, np.abs(heights[:64])):
            bar.set_height(height)
        self.title.set_text(f"Largest height {heights.max():.2f}")
        return f"The wave's largest height is {heights.max():.2f}."

def wave(pitch, height):
    if height > 2.9:
        raise ValueError("A height over 2.9 does not fit; lower it.")
    return height * np.sin(np.arange(200) * pitch / 40)

lab = LiveFigure(
    Wave(),
    wave,
    {
        "pitch": widgets.IntSlider(5, 1, 60, description="pitch (Hz)"),
        "height": widgets.FloatSlider(1.0, min=0.1, max=3.0, step=0.05, description="height (m)"),
    },
    presets={"The story's": {"pitch": 12, "height": 2.0}},
    title="A wave and its samples",
)
lab
"""
PREDICT = """
from mlopt_lessons.course import measured, predict, reveal

predict("quant-1", "How many times smaller?", kind="number", unit="×", low=1, high=10)
"""
REVEAL = 'reveal("quant-1", measured(3.98, "×", "bytes on disk"))'
QUIZ = """
from mlopt_lessons.course import quiz

quiz("05_quantization")
"""


def write_small_notebook(path: Path) -> None:
    """Write the smallest notebook that has everything."""
    write_notebook(path, LAB, PREDICT, REVEAL, QUIZ)


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook with these code cells, without outputs, as a workspace holds it."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
