"""The live figure: what it shows is what matplotlib would draw, however it got there."""

import base64
import io
import threading
import time
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.artist import Artist
from numpy.typing import NDArray
from PIL import Image

from mlopt_lessons.course import look
from mlopt_lessons.course.live import LiveFigure


class Level:
    """One bar and a title; the axis grows once a level is over ten."""

    def __init__(self) -> None:
        self.figure, self.axes = look.figure(4, 3)
        with look.style():
            self.title = self.axes.set_title("")
        (self.bar,) = self.axes.bar([0], [0.0], color=look.BLUE)
        self.axes.set_ylim(0, 10)
        self.full_redraw = False

    @property
    def artists(self) -> Sequence[Artist]:
        return [self.bar, self.title]

    def update(self, level: float) -> str:
        top = 10 if level <= 10 else 100
        self.full_redraw = self.axes.get_ylim()[1] != top
        self.axes.set_ylim(0, top)
        self.bar.set_height(level)
        self.title.set_text(f"level {level:.1f}")
        return f"The level is {level:.1f}."


def level(height: float, times: int) -> float:
    if height > 20:
        raise ValueError("A height over 20 does not fit; lower it.")
    if height == 13:
        raise KeyError("unlucky")
    return height * times


def make(**changes: object) -> LiveFigure:
    controls = {
        "height": widgets.FloatSlider(2.0, min=0, max=30, description="height (m)"),
        "times": widgets.IntSlider(1, 1, 4, description="times"),
    }
    given = {"picture": Level(), "compute": level, "controls": controls, **changes}
    return LiveFigure(**given)  # type: ignore[arg-type]


def pixels(png: bytes | memoryview) -> NDArray[np.int_]:
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB"), dtype=int)


def differing(lab: LiveFigure, height: float, times: int) -> float:
    """The share of pixels that differ from the same picture drawn whole, in a figure of its own.

    Not none: here the spines are drawn before the bar, in matplotlib after it.
    """
    picture = Level()
    picture.update(level(height, times))
    whole = pixels(look.draw_png(picture.figure))
    return float((np.abs(pixels(lab.image.value) - whole).max(axis=2) > 48).mean())


def test_the_first_picture_is_there_at_once() -> None:
    lab = make()
    assert differing(lab, 2.0, 1) < 0.005
    assert lab.image.tooltip == lab.alt == "The level is 2.0."


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4)), min_size=1, max_size=4))
def test_any_way_to_a_state_shows_what_drawing_it_whole_shows(moves: list[tuple[int, int]]) -> None:
    lab = make()
    for height, times in moves:
        lab.set(height=height, times=times)
    assert differing(lab, *moves[-1]) < 0.005


def test_a_slider_redraws_once_and_an_unchanged_value_not_at_all() -> None:
    lab = make()
    lab.controls["height"].value = 3.0
    lab.controls["height"].value = 3.0
    assert lab.drawings == 2
    assert lab.alt == "The level is 3.0."


def test_a_preset_sets_several_controls_and_draws_once() -> None:
    lab = make(presets={"high": {"height": 4.0, "times": 2}})
    (button,) = [each for each in walk(lab.widget) if isinstance(each, widgets.Button)]
    button.click()
    assert lab.drawings == 2
    assert lab.alt == "The level is 8.0."


def test_changes_that_arrive_while_one_is_drawn_collapse_into_the_newest() -> None:
    drawing, go_on = threading.Event(), threading.Event()

    def slow(height: float, times: int) -> float:
        if height == 3.0:
            drawing.set()
            go_on.wait(timeout=10)
        return height * times

    lab = make(compute=slow)
    first = threading.Thread(target=lab.set, kwargs={"height": 3.0})
    first.start()
    drawing.wait(timeout=10)
    for height in range(4, 12):
        lab.controls["height"].value = float(height)
    assert lab.drawings == 1
    go_on.set()
    first.join()
    assert lab.drawings == 3
    assert lab.alt == "The level is 11.0."


def test_a_figure_that_is_shown_while_another_thread_draws_shows_the_newest() -> None:
    drawing = threading.Event()

    def slow(height: float, times: int) -> float:
        if height == 3.0:
            drawing.set()
            time.sleep(0.2)
        return height * times

    lab = make(compute=slow)
    first = threading.Thread(target=lab.set, kwargs={"height": 3.0})
    first.start()
    drawing.wait(timeout=10)
    assert lab._repr_mimebundle_()["text/plain"] == "The level is 3.0."
    lab.controls["height"].value = 7.0
    assert lab._repr_mimebundle_()["text/plain"] == "The level is 7.0."
    first.join()


def test_a_computation_that_moves_a_control_is_drawn_once_more() -> None:
    lab = make()

    def clamping(height: float, times: int) -> float:
        lab.controls["times"].value = min(times, 2)
        return height * min(times, 2)

    lab.compute = clamping
    lab.set(times=4)
    assert lab.controls["times"].value == 2
    assert lab.alt == "The level is 4.0."


def test_an_error_shows_as_its_sentence_and_the_last_good_picture_stays() -> None:
    lab = make()
    before = bytes(lab.image.value)
    lab.controls["height"].value = 25.0
    assert lab.error == "A height over 20 does not fit; lower it."
    assert "A height over 20 does not fit; lower it." in lab.message.value
    assert bytes(lab.image.value) == before
    assert lab.image.tooltip == "The level is 2.0."
    lab.controls["height"].value = 5.0
    assert lab.error == ""
    assert "The level is 5.0." in lab.message.value


def test_an_error_that_is_a_fault_shows_and_is_raised() -> None:
    lab = make()
    with pytest.raises(KeyError, match="unlucky"):
        lab.controls["height"].value = 13.0
    assert lab.error.startswith("KeyError")
    lab.controls["height"].value = 5.0
    assert lab.error == ""


def test_a_lab_that_cannot_start_says_so() -> None:
    with pytest.raises(ValueError, match="over 20"):
        make(controls={"height": widgets.FloatText(21.0), "times": widgets.IntText(1)})


@pytest.mark.parametrize(
    "act", [lambda: make(presets={"x": {"depth": 1}}), lambda: make().set(depth=1)]
)
def test_an_unknown_control_is_refused_with_the_known_ones(act: object) -> None:
    with pytest.raises(ValueError, match=r"no control named depth; it has height, times"):
        act()  # type: ignore[operator]


def test_a_value_that_a_control_cannot_take_is_refused() -> None:
    lab = make()
    with pytest.raises(ValueError, match="times cannot be 'many'"):
        lab.set(times="many")
    lab.set(times=2)
    assert lab.alt == "The level is 4.0."


def test_text_from_a_result_cannot_become_markup() -> None:
    def hostile(height: float, times: int) -> float:
        if height > 3:
            raise ValueError("<script>alert(1)</script>")
        return height

    lab = make(compute=hostile, title="<b>x</b>")
    lab.controls["height"].value = 4.0
    assert "<script>" not in lab.message.value
    assert all(
        "<b>x" not in each.value for each in walk(lab.widget) if isinstance(each, widgets.HTML)
    )


def test_a_saved_notebook_holds_the_picture_and_its_sentence() -> None:
    lab = make()
    shown = lab._repr_mimebundle_()
    assert base64.b64decode(shown["image/png"]) == bytes(lab.image.value)
    assert shown["text/plain"] == "The level is 2.0."
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"] == lab.widget.model_id
    assert "mlopt-lab" in lab.widget._dom_classes


def test_moves_from_two_threads_leave_a_whole_picture() -> None:
    lab = make()

    def move(name: str, values: Sequence[float]) -> None:
        for value in values:
            lab.controls[name].value = value

    threads = [
        threading.Thread(target=move, args=("height", [float(h) for h in range(12)])),
        threading.Thread(target=move, args=("times", [1, 2, 3, 4] * 3)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lab.set(height=2.0, times=3)
    assert differing(lab, 2.0, 3) < 0.005


def walk(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(each for child in getattr(widget, "children", ()) for each in walk(child))]
