"""Slider to repaint, as the learner's browser sees it."""

import json
import math
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

MOVES = 30
MOST_TRIES = 90
BUDGET_P95_MS = 100.0
# The budget holds where Jupyter's bare path takes 40 ms; on a slower machine it grows as that does.
BARE_PATHS = 2.5

# Looks at the picture in each animation frame. A change counts from the key's own time stamp to
# the task after the frame that shows it, and it is the last changed frame that counts: a picture
# that is drawn twice for one move is slow, however soon the first comes.
_WATCH = """(lab) => {
  const picture = lab.querySelector('img');
  const watch = {pressed: null, changed: null, frames: 0, loaded: picture.src, on: true};
  window.mloptWatch = watch;
  lab.addEventListener('keydown', (event) => {
    watch.pressed = event.timeStamp; watch.changed = null; watch.frames = 0;
  }, true);
  const after = new MessageChannel();
  after.port1.onmessage = () => { watch.changed = performance.now(); watch.frames += 1; };
  const look = () => {
    if (picture.complete && picture.naturalWidth && picture.src !== watch.loaded) {
      watch.loaded = picture.src;
      after.port2.postMessage(null);
    }
    if (watch.on) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
_QUIET_MS = 150.0
_GIVE_UP_MS = 3000.0
_SETTLED = """([quiet, giveUp]) => {
  const watch = window.mloptWatch;
  if (watch.pressed === null) return false;
  const since = performance.now() - (watch.changed ?? watch.pressed);
  return since > (watch.changed === null ? giveUp : quiet);
}"""
_RESULT = """() => {
  const watch = window.mloptWatch;
  return watch.changed === null ? null : watch.changed - watch.pressed;
}"""


@dataclass(frozen=True)
class SliderTiming:
    """Latencies in ms of the moves of one slider that changed the picture.

    `bare_p95` is what Jupyter's bare path took right after and in the rounds before, where that was
    measured.
    """

    lab: int
    slider: str
    moves_ms: tuple[float, ...]
    attempt: int = 1
    bare_p95: float | None = None

    @property
    def p50(self) -> float:
        return statistics.median(self.moves_ms)

    @property
    def p95(self) -> float:
        """The nearest-rank 95th percentile."""
        ranked = sorted(self.moves_ms)
        return ranked[math.ceil(0.95 * len(ranked)) - 1]

    @property
    def in_budget(self) -> bool:
        """Whether the p95 is under the budget of a machine as quick as this one."""
        return self.p95 < max(BUDGET_P95_MS, BARE_PATHS * (self.bare_p95 or 0.0))

    def summary(self) -> dict[str, Any]:
        """Return what the results file holds for one slider."""
        return {
            "lab": self.lab,
            "slider": self.slider,
            "moves": len(self.moves_ms),
            "attempt": self.attempt,
            "p50_ms": round(self.p50, 1),
            "p95_ms": round(self.p95, 1),
            "max_ms": round(max(self.moves_ms), 1),
            "bare_p95_ms": None if self.bare_p95 is None else round(self.bare_p95, 1),
        }


def time_slider(page: Page, lab: Locator, handle: Locator, moves: int = MOVES) -> tuple[float, ...]:
    """Move one slider by the arrow keys until `moves` of them changed the picture; return their ms.

    It runs to one end and back, so that no value comes twice in a row. Raises AssertionError when
    too few moves change the picture.
    """
    lab.evaluate(_WATCH)
    times: list[float] = []
    step = "ArrowRight"
    for _ in range(MOST_TRIES):
        step = _turned(handle, step)
        taken = _one_move(page, handle, step)
        if taken is not None:
            times.append(taken)
        if len(times) == moves:
            break
    page.evaluate("() => { window.mloptWatch.on = false; }")
    assert len(times) == moves, f"only {len(times)} of {MOST_TRIES} moves changed it"
    return tuple(times)


def _turned(handle: Locator, step: str) -> str:
    now, low, high = (
        float(handle.get_attribute(f"aria-value{which}") or 0) for which in ("now", "min", "max")
    )
    if step == "ArrowRight" and now >= high:
        return "ArrowLeft"
    return "ArrowRight" if step == "ArrowLeft" and now <= low else step


def _one_move(page: Page, handle: Locator, step: str) -> float | None:
    page.evaluate("() => { window.mloptWatch.pressed = null; }")
    handle.press(step)
    page.wait_for_function(_SETTLED, arg=[_QUIET_MS, _GIVE_UP_MS], polling=50)
    taken: float | None = page.evaluate(_RESULT)
    return taken


def write_results(lesson: str, timings: Sequence[SliderTiming], folder: Path) -> Path:
    """Write one lesson's latencies beside those of the others; return the file.

    The file stands in `folder`. Other lessons' entries stay as they are.
    """
    file = folder / "slider_latency.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    every = [taken for timing in timings for taken in timing.moves_ms]
    overall = SliderTiming(-1, "every slider", tuple(every))
    known[lesson] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "p50_ms": round(overall.p50, 1),
        "p95_ms": round(overall.p95, 1),
        "sliders": [timing.summary() for timing in timings],
    }
    file.write_text(json.dumps(known, indent=2) + "\n")
    return file
