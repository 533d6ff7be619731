"""One life of a spot machine, for many runs at once: what it restarts, saves, finishes and loses."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.market import Checkpoints, Market

Hours = NDArray[np.float64]
PREEMPTED, FINISHED, LEFT = 0, 1, 2
_EPSILON = 1e-9  # hours; a count of intervals is not raised by a rounding error


class Life(NamedTuple):
    """What became of each life, arrays of shape (runs,): hours, and how it ended.

    `paid` is their sum, the hours from the launch to the end. `ended` is PREEMPTED, FINISHED, or LEFT for
    on demand because no further stretch of work could have been saved in time.
    """

    restart: Hours
    useful: Hours
    checkpoint: Hours
    lost: Hours
    paid: Hours
    ended: NDArray[np.int8]


@dataclass(frozen=True)
class Plan:
    """A market and its checkpoints as a life needs them, in hours."""

    restart: float
    interval: float
    save: float
    on_notice: bool

    @classmethod
    def of(cls, market: Market, checkpoints: Checkpoints) -> "Plan":
        """The plan of a market and checkpoints; a job that never saves pays no checkpoints."""
        on_notice = checkpoints.saved_on_notice(market)
        return cls(market.restart_h, checkpoints.interval_h, checkpoints.cost_h, on_notice)

    def stretch(self, left: Hours) -> Hours:
        """Hours that the next stretch of work may take in vain, with `left` hours of work left.

        Without saves on notice, its work and its checkpoint. With them only saves: the one on notice,
        and before it the periodic checkpoint that the notice may interrupt.
        """
        never = math.isinf(self.interval)
        if self.on_notice:
            return np.full_like(left, self.save if never else 2 * self.save)
        if never:
            return left
        return np.minimum(left, self.interval) + self.save

    def saves(self, left: Hours) -> Hours:
        """Checkpoints until the work is done, the last one included."""
        if math.isinf(self.interval):
            return np.zeros_like(left)
        return np.ceil(left * (1 / self.interval) - _EPSILON)

    def live(self, left: Hours, slack: Hours | None, life: Hours) -> Life:
        """Spends lives of the given hours on `left` hours of work.

        `slack` is how many hours may pass without progress until on demand alone is just in time;
        None without a deadline. All have the shape (runs,).
        """
        restart = np.minimum(life, self.restart)
        saves = self.saves(left)
        needed = left + self.save * saves
        there = np.minimum(life - restart, needed)
        ended = (needed <= there).astype(np.int8)  # FINISHED or PREEMPTED
        if slack is not None:
            stays = self._stays(left, slack, saves)
            ended[(stays < needed) & (stays <= there)] = LEFT
            there = np.minimum(there, stays)
        return self._account(left, restart, there, saves, ended)

    def _stays(self, left: Hours, slack: Hours, saves: Hours) -> Hours:
        """Hours after the restart until the job leaves for on demand; infinite: it need not."""
        spare = slack - self.restart
        if math.isinf(self.interval):
            return np.where(spare >= self.stretch(left), np.inf, 0.0)
        # The first whole stretch needs its own room; each one that is done has used up C of it.
        whole = self._whole_stretches(spare - self.stretch(np.full_like(left, self.interval)))
        before = saves - 1
        last = self.stretch(left - before * self.interval)
        ends = (whole >= before) & (spare - before * self.save >= last)
        return np.where(ends, np.inf, np.minimum(whole, before) * (self.interval + self.save))

    def _whole_stretches(self, room: Hours) -> Hours:
        if self.save < _EPSILON:
            return np.where(room >= 0, np.inf, 0.0)
        return np.maximum(np.floor(room / self.save) + 1, 0.0)

    def _account(
        self, left: Hours, restart: Hours, there: Hours, saves: Hours, ended: NDArray[np.int8]
    ) -> Life:
        if math.isinf(self.interval):
            useful, checkpoint, lost = np.zeros_like(there), np.zeros_like(there), there
        else:
            cycle = self.interval + self.save
            whole = np.floor(there * (1 / cycle) + _EPSILON)
            useful, checkpoint = whole * self.interval, whole * self.save
            lost = np.maximum(there - useful - checkpoint, 0.0)
        finished = ended == FINISHED
        if np.count_nonzero(finished):  # seldom: most lives end before the work does
            np.copyto(useful, left, where=finished)
            np.copyto(checkpoint, self.save * saves, where=finished)
            lost = lost * ~finished
        if self.on_notice:
            return self._save_on_notice(left, restart, useful, checkpoint, lost, ended)
        return Life(restart, useful, checkpoint, lost, restart + there, ended)

    def _save_on_notice(
        self,
        left: Hours,
        restart: Hours,
        useful: Hours,
        checkpoint: Hours,
        partial: Hours,
        ended: NDArray[np.int8],
    ) -> Life:
        saved = np.minimum(partial, np.minimum(self.interval, left - useful))
        worked = (ended == PREEMPTED) & (useful + partial > 0)
        checkpoint = checkpoint + partial - saved + self.save * worked
        useful = useful + saved
        paid = restart + useful + checkpoint
        return Life(restart, useful, checkpoint, np.zeros_like(useful), paid, ended)
