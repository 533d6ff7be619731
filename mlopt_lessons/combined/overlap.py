"""How much the total depends on which dollars the levers share.

Two levers that each touch half of the bill may touch the same half or one half each. `total` spreads them
evenly; here are the two extremes.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from mlopt_lessons.combined.levers import Interaction, Lever, check_plan, left_if_touched


def overlap_bounds(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> tuple[float, float]:
    """The least and the most dollars left, over every way in which the levers' shares can overlap.

    Least: touched dollars lie as far apart as they can; most: on each other, so that levers compete for
    the same dollars. A linear program over the parts of the bill that each set of levers touches
    (Fréchet bounds of given margins); no dollar lies in two named parts. scipy's
    HiGHS solves it. Raises ValueError as `total`.
    """
    check_plan(spend, levers, interactions)
    saves = np.array([lever.saves for lever in levers])
    left = left_if_touched(saves, levers, interactions)
    sets = np.arange(len(left))
    touched = [((sets >> i) & 1).astype(float) for i in range(len(levers))]
    parts = sorted({lever.part for lever in levers if lever.part})
    within = [
        np.max([touched[i] for i, lever in enumerate(levers) if lever.part == part], axis=0)
        for part in parts
    ]
    sizes = [max(lever.eligibility for lever in levers if lever.part == part) for part in parts]
    sums = np.array([np.ones(len(left)), *touched, *within])
    shares = [1.0, *(lever.eligibility for lever in levers), *sizes]
    most_of = np.where(sum(within, np.zeros(len(left))) > 1, 0.0, 1.0)
    limits = np.column_stack([np.zeros(len(left)), most_of])
    least, most = (
        linprog(sign * left, A_eq=sums, b_eq=shares, bounds=limits).fun * sign for sign in (1, -1)
    )
    return spend * float(least), spend * float(most)
