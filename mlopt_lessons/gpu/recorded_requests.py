"""What a real cluster's requests for parts of a GPU come to when they are packed: summary figures.

Source: alibaba/clusterdata at 7a6c496 (GitHub), cluster-trace-gpu-v2023, openb_pod_list_default; the
requests are for thousandths of a GPU's compute. Packed by `first_fit_decreasing` on 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordedRequests:
    """Requests for a part of a GPU, and the GPUs that they need.

    requests: GPUs with one for each; asked: what they ask for together; packed: by first fit decreasing;
    bound: what no packing can do without (`lower_bound`). All in GPUs, or all in GPU-hours.
    """

    requests: float
    asked: float
    packed: float
    bound: float

    @property
    def saved(self) -> float:
        """Part of the GPUs that is saved against a GPU for each request."""
        return 1 - self.packed / self.requests

    @property
    def most_saved(self) -> float:
        """Part that no packing can exceed."""
        return 1 - self.bound / self.requests

    @property
    def saved_by_totals(self) -> float:
        """Part that the sum of the requests promises: too much where requests leave gaps."""
        return 1 - self.asked / self.requests


#: All 3,078 requests for less than one GPU, as if all were there at once.
ALL_AT_ONCE = RecordedRequests(requests=3078, asked=1731.8, packed=1975, bound=1922)
#: GPU-hours over the trace's 144 days, packed anew whenever a request comes or goes, at no cost: more
#: than a scheduler can do that moves no job.
OVER_TIME = RecordedRequests(requests=15219.0, asked=7077.5, packed=8845.4, bound=8652.1)
