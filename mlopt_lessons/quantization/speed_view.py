"""What lab (b) shows of a latency sweep: FP32 and int8 by width, and where int8 starts to pay."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlopt_lessons.quantization.sweep import SweepRow

FASTER = 1.05  # below this ratio the difference is within the noise of one run


@dataclass(frozen=True)
class TimedWidth:
    """One median with its 10th and 90th percentile, milliseconds a batch."""

    width: int
    median_ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class SpeedView:
    """The two lines for one batch size and number of threads, and the width that is looked at."""

    width: int
    batch: int
    threads: int
    lines: dict[str, tuple[TimedWidth, ...]]

    @property
    def ratio(self) -> float:
        """How many times faster int8 is at this width (below 1: slower)."""
        return _speedups(self.lines)[self.width]

    @property
    def crossover(self) -> int | None:
        """The smallest width from which on int8 is faster at every larger width; None if never."""
        found = None
        for width, speedup in sorted(_speedups(self.lines).items(), reverse=True):
            if speedup < FASTER:
                break
            found = width
        return found

    @property
    def title(self) -> str:
        """The finding at this width in a few words."""
        word = "faster" if self.ratio >= 1 else "slower"
        times = max(self.ratio, 1 / self.ratio)
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"Width {self.width}, batch {self.batch}, {threads}: int8 is {times:.1f}× {word}"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        where = (
            "int8 is never clearly faster here"
            if self.crossover is None
            else f"from width {self.crossover} on int8 is faster"
        )
        return f"{self.title}; {where}."


def speed_view(rows: Sequence[SweepRow], *, width: int, batch: int, threads: int) -> SpeedView:
    """The rows of one batch size and number of threads as two lines over the width.

    Raises ValueError when the sweep holds no row for this width, batch size and number of threads.
    """
    chosen = [row for row in rows if row.batch == batch and row.threads == threads]
    if not any(row.width == width for row in chosen):
        raise ValueError(
            f"Width {width}, batch {batch}, {threads} threads was not measured; measure it with latency_sweep."
        )
    variants = dict.fromkeys(row.variant for row in chosen)
    return SpeedView(width, batch, threads, {name: _line(chosen, name) for name in variants})


def _line(rows: Sequence[SweepRow], variant: str) -> tuple[TimedWidth, ...]:
    found = [
        TimedWidth(row.width, 1e3 * row.median_s, 1e3 * row.low_s, 1e3 * row.high_s)
        for row in rows
        if row.variant == variant
    ]
    return tuple(sorted(found, key=lambda point: point.width))


def _speedups(lines: dict[str, tuple[TimedWidth, ...]]) -> dict[int, float]:
    int8 = {point.width: point.median_ms for point in lines["int8"]}
    return {point.width: point.median_ms / int8[point.width] for point in lines["fp32"]}
