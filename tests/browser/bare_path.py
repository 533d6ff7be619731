"""Jupyter's own path from a slider to a picture, with no lab in it: what this machine takes at the least."""

from collections import deque
from itertools import chain

from headless import VIEWPORT
from lab_page import NotebookPage
from lab_server import LabServer
from lab_walk import sliders
from playwright.sync_api import Browser
from slider_timing import SliderTiming, time_slider
from small_notebook import write_notebook

NOTEBOOK = "bare.ipynb"
# A figure rests on as many rounds, the latest ones: the p95 of one swung from 54 to 99 ms in one run.
ROUNDS = 5
# Pictures of a lab's size in pixels and bytes, all made before the first move.
SOURCE = """
import io
import ipywidgets as widgets
import numpy as np
from PIL import Image

def still(number):
    pixels = np.full((400, 900), 255, dtype=np.uint8)
    pixels[:, 300:600] = np.random.default_rng(number).choice([60, 255], (400, 300))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()

stills = [still(number) for number in range(40)]
image = widgets.Image(value=stills[0], format="png", width=900, height=400)
slider = widgets.IntSlider(0, 0, len(stills) - 1, description="still")
slider.observe(lambda change: setattr(image, "value", stills[change["new"]]), "value")
lab = widgets.VBox([slider, image])
lab.add_class("mlopt-lab")
lab
"""


class BarePath:
    """A slider that changes an image's bytes and nothing else, on the server that a lesson is timed on.

    Its notebook is opened when it is first asked for; a machine that is quick enough never opens it.
    """

    def __init__(self, browser: Browser, server: LabServer) -> None:
        self._browser = browser
        self._server = server
        self._notebook: NotebookPage | None = None
        self._rounds: deque[tuple[float, ...]] = deque(maxlen=ROUNDS)

    def timing(self) -> SliderTiming:
        """Time it as a lesson's sliders are timed; return the moves of this round and those before."""
        if self._notebook is None:
            self._notebook = self._opened()
        (lab,) = self._notebook.labs()
        (slider,) = sliders(lab)
        self._rounds.append(time_slider(self._notebook.page, lab, slider))
        return SliderTiming(0, "bare path", tuple(chain.from_iterable(self._rounds)))

    def _opened(self) -> NotebookPage:
        write_notebook(self._server.folder / NOTEBOOK, SOURCE)
        page = self._browser.new_context(viewport=VIEWPORT).new_page()
        opened = NotebookPage(page, self._server, NOTEBOOK)
        opened.run_all()
        return opened
