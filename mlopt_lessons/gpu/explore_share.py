"""What lab (b) shows: eight jobs, one of them changed, on as few GPUs as a way of sharing needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from mlopt_lessons.gpu.bounds import lower_bound
from mlopt_lessons.gpu.mig import COMPUTE_SLICES, MEMORY_SLICES
from mlopt_lessons.gpu.pool import EXCLUSIVE, MIG, TIME_SLICED, Floats, Pool, Task, needs
from mlopt_lessons.gpu.sharing import Sharing, first_fit_decreasing
from mlopt_lessons.workbench.prices import Price, gpu_prices

#: Jobs of the lab, as parts of an A100-SXM4-80GB: made up, of sizes that are common.
LAB_TASKS = (
    Task("fine-tuning", 36, 0.70, 0.45),
    Task("LLM serving", 28, 0.30, 0.65),
    Task("small training", 14, 0.45, 0.30),
    Task("speech to text", 10, 0.10, 0.08),
    Task("text to speech", 8, 0.08, 0.06),
    Task("embeddings", 6, 0.25, 0.20),
    Task("notebook", 6, 0.05, 0.03),
    Task("image tagging", 4, 0.15, 0.10),
)
#: The machine from whose price a GPU's share is taken: AWS, on demand.
LAB_INSTANCES = {
    "T4": "g4dn.xlarge",
    "L4": "g6.xlarge",
    "A100-SXM4-40GB": "p4d.24xlarge",
    "A100-SXM4-80GB": "p4de.24xlarge",
    "H100-SXM5-80GB": "p5.48xlarge",
}


@cache
def shared_gpu_price(gpu_name: str) -> Price:
    """Dollars an hour of one GPU: AWS's price of the machine, divided by its GPUs, with date and source.

    Raises ValueError for a GPU that is not in LAB_INSTANCES.
    """
    if gpu_name not in LAB_INSTANCES:
        raise ValueError(
            f"The lab has no price for {gpu_name!r}; choose one of {', '.join(LAB_INSTANCES)}."
        )
    rows = gpu_prices()
    row = rows[(rows["provider"] == "AWS") & (rows["instance"] == LAB_INSTANCES[gpu_name])].iloc[0]
    dollars = float(row["on_demand_usd_h"]) / float(row["gpus"])
    return Price(gpu_name, dollars, f"{row['instance']}: {row['source']}", str(row["date"]))


@dataclass(frozen=True, eq=False)
class ShareView:
    """Where the jobs are, what bounds the number of GPUs, and the bill.

    `bottoms` and `heights` are bars of shape (tasks, 2), memory and compute as parts of a GPU, stacked on
    the GPU that `sharing.assignments` names; `rooms` are the same for what each job has to itself: its
    slice under MIG, else just its height.
    """

    sharing: Sharing
    bound: int
    exclusive_usd_h: float
    bottoms: Floats
    heights: Floats
    rooms: Floats
    changed: int

    @property
    def slowest(self) -> float:
        """The largest slowdown of a job, 1 for none."""
        return float(self.sharing.slowdowns.max(initial=1.0))

    @property
    def saved(self) -> float:
        """Part of the bill that a GPU for each job would have cost and that is not spent."""
        return 1 - self.sharing.usd_h / self.exclusive_usd_h

    @property
    def note(self) -> str:
        """The packing's result in a few words."""
        found = self.sharing
        return (
            f"{_counted(found.gpus)} (at least {self.bound}), ${found.usd_h:,.2f} an hour, "
            f"${found.idle_usd_h:,.2f} of it idle; slowest job {self.slowest:.2f}×"
        )

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        found = self.sharing
        full = found.used[:, 0].max() / found.pool.memory_gb
        return (
            f"{found.pool.way}: {len(found.tasks)} jobs on {self.note}. A GPU for each would cost "
            f"${self.exclusive_usd_h:,.2f}, so {100 * self.saved:.0f} % is saved. The fullest memory "
            f"is at {100 * full:.0f} %. {_WARNINGS[found.pool.way]}"
        )


_WARNINGS = {
    EXCLUSIVE: "No job feels another.",
    TIME_SLICED: "Nothing stops a job from taking more memory than it said, and another then fails.",
    MIG: "No job can take memory or time from another's slice.",
}


def _counted(gpus: int) -> str:
    return f"{gpus} GPU" + "s" * (gpus != 1)


def share_view(
    job: str = "LLM serving",
    memory_gb: float | None = None,
    duty: float | None = None,
    bandwidth: float | None = None,
    way: str = TIME_SLICED,
    gpu: str = "A100-SXM4-80GB",
    load_limit: float = 1.0,
    tasks: Sequence[Task] = LAB_TASKS,
) -> ShareView:
    """The jobs packed by first fit decreasing, with the named job's figures replaced where given.

    duty and bandwidth are parts of whichever GPU is chosen. Raises ValueError for a job or GPU that is
    not there, a job larger than the GPU and a GPU without MIG shared by MIG.
    """
    names = [task.name for task in tasks]
    if job not in names:
        raise ValueError(f"There is no job {job!r}; choose one of {', '.join(names)}.")
    at = names.index(job)
    old = tasks[at]
    changed = Task(
        job,
        old.memory_gb if memory_gb is None else memory_gb,
        old.duty if duty is None else duty,
        old.bandwidth if bandwidth is None else bandwidth,
    )
    pool = Pool(gpu, way, shared_gpu_price(gpu).usd_per_hour, load_limit)
    return _view([*tasks[:at], changed, *tasks[at + 1 :]], pool, at)


def _view(tasks: Sequence[Task], pool: Pool, changed: int) -> ShareView:
    sharing = first_fit_decreasing(tasks, pool)
    heights = needs(tasks)[:, :2] / np.array([pool.memory_gb, 1.0])
    rooms = _slice_sizes(sharing) if pool.way == MIG else heights
    return ShareView(
        sharing=sharing,
        bound=lower_bound(tasks, pool),
        exclusive_usd_h=len(tasks) * pool.usd_per_hour,
        bottoms=_stacked(sharing, rooms),
        heights=np.minimum(heights, rooms),
        rooms=rooms,
        changed=changed,
    )


def _slice_sizes(sharing: Sharing) -> Floats:
    shares = [
        (s.profile.memory_slices / MEMORY_SLICES, s.profile.compute_slices / COMPUTE_SLICES)
        for s in sharing.slices
    ]
    return np.array(shares)


def _stacked(sharing: Sharing, rooms: Floats) -> Floats:
    """Where each bar starts, one upon the other on each GPU; under MIG in the order of the slices."""
    starts = [slice_.start for slice_ in sharing.slices] or [0] * len(rooms)
    tops = np.zeros((sharing.gpus, 2))
    bottoms = np.zeros_like(rooms)
    for task in np.argsort(starts, kind="stable"):
        gpu = sharing.assignments[task]
        if sharing.slices:
            tops[gpu, 0] = starts[task] / MEMORY_SLICES
        bottoms[task] = tops[gpu]
        tops[gpu] += rooms[task]
    return bottoms
