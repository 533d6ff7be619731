"""What every lesson's notebook must stand: run, and answer to each slider by key and by mouse."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lab_page import NotebookPage
from playwright.sync_api import Locator, Page, expect
from slider_timing import BARE_PATHS, BUDGET_P95_MS, MOVES, SliderTiming, time_slider, write_results

# A control that has no say in the lab's present state is disabled, and so left alone here.
SLIDERS = ".noUi-target:not([disabled]) [role=slider]"
PICTURE_MS = 5000
ATTEMPTS = 3
# A live figure puts the error's type before the text of an error that was not meant for learners.
FAULT = re.compile(r"\w+: ")
# A picture that is replaced while it is looked at is looked at again: a drag draws more than one.
_PIXELS = """async (picture) => {
  for (;;) {
    const shown = picture.src;
    try {
      await picture.decode();
      const bytes = await (await fetch(shown)).arrayBuffer();
      const digest = await crypto.subtle.digest('SHA-256', bytes);
      return Array.from(new Uint8Array(digest)).map((x) => x.toString(16)).join(' ');
    } catch (error) {
      if (picture.src === shown) throw error;
    }
  }
}"""


def walk_lesson(lesson: NotebookPage) -> None:
    """Move every slider and press every button of every lab of a notebook that has run.

    Raises AssertionError with what was wrong: an error or stderr in a cell's output, an error on
    the browser's console, a slider whose picture stays as it is, a picture without its sentence,
    a control whose computation fails for want of a sentence of its own.
    """
    assert lesson.bad_outputs() == []
    labs = lesson.labs()
    assert labs, f"{lesson.notebook} shows no live figure"
    for lab in labs:
        assert picture(lab).get_attribute("title"), (
            "a picture has no sentence that says what it shows"
        )
        for slider in sliders(lab):
            move_by_key(lesson.page, lab, slider)
            move_by_mouse(lesson.page, lab, slider)
        press_buttons(lesson.page, lab)
    assert lesson.errors == []
    assert lesson.bad_outputs() == []


def time_lesson(
    lesson: NotebookPage,
    name: str,
    folder: Path,
    bare: Callable[[], SliderTiming],
    moves: int = MOVES,
) -> list[SliderTiming]:
    """Time every slider of a notebook that has run, and write the results file in `folder`.

    One at or over 100 ms is timed beside `bare`, Jupyter's own path with no lab in it, since the machine
    may be slow. With MLOPT_LATENCY_STRICT=1, where nothing else should run, each slider's p95 must be
    within the budget; one that is not is timed again, at most twice, since the machine may do something
    else for a moment. The results file says how often, and what the bare path took.
    """
    strict = os.environ.get("MLOPT_LATENCY_STRICT") == "1"
    timings = [
        _timing(lesson.page, number, lab, slider, moves, bare, ATTEMPTS if strict else 1)
        for number, lab in enumerate(lesson.labs(), start=1)
        for slider in sliders(lab)
    ]
    write_results(name, timings, folder)
    if strict:
        slow = [timing.summary() for timing in timings if not timing.in_budget]
        assert not slow, (
            f"p95 at or over {BUDGET_P95_MS:.0f} ms and {BARE_PATHS} bare paths: {slow}"
        )
    return timings


def _timing(
    page: Page,
    number: int,
    lab: Locator,
    slider: Locator,
    moves: int,
    bare: Callable[[], SliderTiming],
    attempts: int,
) -> SliderTiming:
    for attempt in range(1, attempts + 1):
        taken = time_slider(page, lab, slider, moves)
        timing = SliderTiming(number, label(slider), taken, attempt)
        if not timing.in_budget:
            timing = replace(timing, bare_p95=bare().p95)
        if timing.in_budget:
            break
    return timing


def picture(lab: Locator) -> Locator:
    """Return the lab's picture."""
    return lab.locator("img").first


def sliders(lab: Locator) -> list[Locator]:
    """Return the handles of the lab's sliders that have a say."""
    return lab.locator(SLIDERS).all()


def label(slider: Locator) -> str:
    """Return the text beside a slider."""
    text: str = slider.evaluate(
        "(handle) => handle.closest('.widget-slider, .widget-hslider')"
        ".querySelector('.widget-label').textContent"
    )
    return text


def move_by_key(page: Page, lab: Locator, slider: Locator) -> None:
    """Press an arrow key until the picture is another one; fail when no value near changes it."""
    name = label(slider)
    for key in ("ArrowRight", "ArrowLeft"):
        for _ in range(3):
            before, value = _pixels(lab), slider.get_attribute("aria-valuenow")
            slider.press(key)
            if slider.get_attribute("aria-valuenow") != value and _changes(page, lab, before):
                return
    raise AssertionError(f"the slider {name!r} does not change its picture by keyboard")


def move_by_mouse(page: Page, lab: Locator, slider: Locator) -> None:
    """Drag the handle to the far end of its track; fail when the picture stays the same."""
    name = label(slider)
    before = _pixels(lab)
    slider.scroll_into_view_if_needed()
    track = slider.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box()
    handle = slider.bounding_box()
    assert track is not None
    assert handle is not None
    middle = handle["x"] + handle["width"] / 2
    left = middle > track["x"] + track["width"] / 2
    target = track["x"] + track["width"] * (0.1 if left else 0.9)
    height = handle["y"] + handle["height"] / 2
    page.mouse.move(middle, height)
    page.mouse.down()
    page.mouse.move(target, height, steps=8)
    page.mouse.up()
    assert _changes(page, lab, before), f"the slider {name!r} does not change its picture by mouse"
    expect(picture(lab)).to_be_visible()


def press_buttons(page: Page, lab: Locator) -> None:
    """Press each preset and each toggle; fail where that shows a fault and not a sentence."""
    for button in lab.get_by_role("button").all():
        button.click()
        _settle(page, lab)
        for alert in lab.get_by_role("alert").all():
            text = alert.text_content() or ""
            assert not FAULT.match(text), f"{button.inner_text()!r} fails: {text}"


def _pixels(lab: Locator) -> str:
    digest: str = picture(lab).evaluate(_PIXELS)
    return digest


def _changes(page: Page, lab: Locator, before: str) -> bool:
    for _ in range(PICTURE_MS // 50):
        if _pixels(lab) != before:
            _settle(page, lab)
            return True
        page.wait_for_timeout(50)
    return False


def _settle(page: Page, lab: Locator) -> None:
    """Wait until the picture has stood still for a moment: a drag draws more than one."""
    last = ""
    while (now := _pixels(lab)) != last:
        last = now
        page.wait_for_timeout(250)
