"""Pictures of lesson 4: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mlopt_lessons.course import look
from mlopt_lessons.gpu.busy import Busy
from mlopt_lessons.gpu.calibrate import ScalingError
from mlopt_lessons.gpu.efficiency import Efficiency
from mlopt_lessons.gpu.mig import COMPUTE_SLICES, Layout
from mlopt_lessons.gpu.published import PublishedSlowdown

DEFINITIONS = {
    "utilisation": ("utilisation", look.BLUE),
    "sm_active": ("SM-active", look.ORANGE),
    "occupancy": ("occupancy", look.GREEN),
    "mfu": ("FLOPs of the peak", look.PURPLE),
}


@look.style()
def slowdowns(published: Sequence[PublishedSlowdown], break_even: float) -> Figure:
    """Published times of a T4 over those of a V100, by batch; dashed: where both cost the same."""
    figure, axis = look.figure(width=8, height=3.2)
    for precision, colour in (("fp32", look.BLUE), ("fp16", look.ORANGE)):
        rows = [each for each in published if each.precision == precision]
        batches = [each.batch for each in rows]
        axis.fill_between(
            batches, [r.least for r in rows], [r.most for r in rows], color=colour, alpha=0.35, lw=0
        )
        axis.plot(
            batches, [(r.least + r.most) / 2 for r in rows], "o-", color=colour, label=precision
        )
    axis.axhline(break_even, color=look.VERMILION, ls="--", label="as dear as the V100")
    axis.axhline(1.5, color=look.GREY, ls=":", label="the story")
    axis.set(
        xscale="log", xlabel="batch", ylabel="times as long on the T4", ylim=(0, 1.1 * break_even)
    )
    axis.set_xticks(batches, [str(batch) for batch in batches])
    axis.set_xticks([], minor=True)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@look.style()
def memory(parts: Mapping[str, Mapping[str, float]]) -> Figure:
    """Memory of a step in GB, a bar a case, stacked by what holds it."""
    figure, axis = look.figure(width=9, height=0.9 + 0.45 * len(parts))
    left = np.zeros(len(parts))
    names = dict.fromkeys(name for each in parts.values() for name in each)
    for name, colour in zip(names, look.CYCLE, strict=False):
        widths = np.array([each.get(name, 0.0) for each in parts.values()])
        axis.barh(list(parts), widths, left=left, color=colour, label=name)
        left += widths
    axis.bar_label(axis.containers[-1], [f"{each:.1f} GB" for each in left], padding=4)
    axis.invert_yaxis()
    axis.set(xlabel="GB", xlim=(0, 1.15 * left.max()))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@look.style()
def scaling(errors: Mapping[str, ScalingError]) -> Figure:
    """How far predictions from one measured run were off, by what the time was scaled with."""
    figure, axis = look.figure(width=8, height=0.9 + 0.5 * len(errors))
    rows = np.arange(len(errors))
    for place, (shade, name) in enumerate(((look.BLUE, "median"), (look.SKY, "9 in 10 below"))):
        values = [100 * (each.median, each.p90)[place] for each in errors.values()]
        bars = axis.barh(rows + 0.4 * place - 0.2, values, 0.38, color=shade, label=name)
        axis.bar_label(bars, fmt="%.0f %%", padding=3)
    axis.set_yticks(rows, [f"by {name}" for name in errors])
    axis.invert_yaxis()
    axis.set(xlabel="error of the predicted seconds (%)", xlim=(0, 130))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="lower right")
    return figure


@look.style()
def busy(found: Busy) -> Figure:
    """Three loops that keep a core fully busy, and the part of its best rate that each reaches."""
    figure, axis = look.figure(width=8, height=0.9 + 0.5 * len(found.loops))
    rows = np.arange(len(found.loops))
    busy_bars = axis.barh(rows - 0.2, [np.median(each.utilisation) for each in found.loops], 0.38,
                          color=look.LIGHT_GREY, label="busy")  # fmt: skip
    work_bars = axis.barh(rows + 0.2, list(found.shares.values()), 0.38, color=look.BLUE,
                          label="operations, of the best")  # fmt: skip
    axis.bar_label(busy_bars, fmt="%.0f %%", padding=3)
    axis.bar_label(work_bars, fmt="%.1f %%", padding=3)
    axis.set_yticks(rows, list(found.shares))
    axis.invert_yaxis()
    axis.set(xlabel="%", xlim=(0, 115))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@look.style()
def efficiencies(found: Mapping[str, Efficiency]) -> Figure:
    """Clusters or GPUs, and how much of them is used by each definition that is known."""
    figure, axis = look.figure(width=8, height=0.9 + 0.6 * len(found))
    rows = np.arange(len(found))
    for place, (name, (label, colour)) in enumerate(list(DEFINITIONS.items())[:3]):
        values = [getattr(each, name) for each in found.values()]
        bars = axis.barh(
            rows + 0.27 * (place - 1), np.nan_to_num(values), 0.25, color=colour, label=label
        )
        axis.bar_label(
            bars, ["" if np.isnan(each) else f"{each:.0f}" for each in values], padding=3
        )
    axis.set_yticks(rows, list(found))
    axis.invert_yaxis()
    axis.set(xlabel="used (%)", xlim=(0, 110))
    axis.grid(axis="y", visible=False)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@look.style()
def mig_layouts(layouts: Sequence[Layout]) -> Figure:
    """Ways to cut a GPU into slices, a row a way: each slice by the memory that it takes."""
    figure, axis = look.figure(width=9, height=0.8 + 0.28 * len(layouts))
    for row, layout in enumerate(layouts):
        for placed in layout:
            width = placed.profile.memory_slices
            colour = look.CYCLE[(placed.profile.compute_slices - 1) % len(look.CYCLE)]
            axis.barh(row, width, left=placed.start, color=colour, edgecolor=look.PAPER, lw=2)
            axis.text(placed.start + width / 2, row, placed.profile.name, ha="center", va="center",
                      fontsize=8, color=look.PAPER)  # fmt: skip
    axis.invert_yaxis()
    axis.set(
        xlabel=f"eighths of the memory (at most {COMPUTE_SLICES} compute slices)",
        yticks=[],
        xlim=(0, 8),
    )
    axis.grid(visible=False)
    return figure


@look.style()
def dollars(table: pd.DataFrame) -> Figure:
    """What a job costs on each GPU: middle and band; grey: out of memory, red: too late."""
    figure, axis = look.figure(width=8, height=0.9 + 0.36 * len(table))
    for row, each in enumerate(table.to_dict("records")):
        colour = (
            look.LIGHT_GREY
            if not each["fits"]
            else look.BLUE
            if each["in_time"]
            else look.VERMILION
        )
        axis.plot(
            [each["usd_low"], each["usd_high"]],
            [row, row],
            color=colour,
            lw=6,
            alpha=0.5,
            solid_capstyle="butt",
        )
        axis.plot([each["usd"]], [row], "o", color=colour, ms=8)
    axis.set_yticks(range(len(table)), table["gpu"])
    axis.invert_yaxis()
    axis.set(xscale="log", xlabel="dollars a job (grey: out of memory; red: too late)")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("{x:g}")
    axis.grid(axis="y", visible=False)
    return figure
