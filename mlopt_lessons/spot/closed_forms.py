"""What the continuous model costs on average, in closed form.

λ is `preemptions_per_hour`, D `outage_h`, R `restart_h`, C the cost of a checkpoint, τ the interval
between checkpoints and W the work, all in hours. Lives and outages are exponential; a preemption may
strike during a restart and during a checkpoint; the first launch pays R too. The derivation is the
one of Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", Future
Generation Computer Systems 22 (2006), with a renewal at each finished interval.
"""

import math

from scipy.optimize import brentq
from scipy.special import lambertw

from mlopt_lessons.spot.job import Job, Rates, check_number
from mlopt_lessons.spot.market import Checkpoints, Market

_SMALL = 1e-8  # below this λC Lambert's function loses digits, and Daly's series has 12 of them


def expected_wall(job: Job, market: Market, checkpoints: Checkpoints) -> float:
    """Mean hours from start to end: (W/τ)·e^(λR)·(1/λ + D)·(e^(λ(τ+C)) − 1) + (1/λ + D)·(e^(λR) − 1).

    Without preemptions W + (W/τ)·C + R. Exact where τ divides W, and for a job that never saves (τ = W,
    C = 0). Infinite where the exponential leaves the range of a float.
    """
    return _expected(job, market, checkpoints, market.outage_h)


def expected_billed(job: Job, market: Market, checkpoints: Checkpoints) -> float:
    """Mean hours that are paid: `expected_wall` with D = 0, since nobody pays for waiting."""
    return _expected(job, market, checkpoints, 0.0)


def _expected(job: Job, market: Market, checkpoints: Checkpoints, outage_h: float) -> float:
    rate, restart = market.preemptions_per_hour, market.restart_h
    stretch = min(checkpoints.interval_h, job.work_h)
    saving = 0.0 if math.isinf(checkpoints.interval_h) else checkpoints.cost_h
    parts = job.work_h / stretch
    if market.calm:
        return restart + parts * (stretch + saving)
    restarts = _expm1(rate * restart)
    grown = (1 + restarts) * _expm1(rate * (stretch + saving))
    return (1 / rate + outage_h) * (parts * grown + restarts)


def _expm1(exponent: float) -> float:
    try:
        return math.expm1(exponent)
    except OverflowError:
        return math.inf


def expected_preemptions(job: Job, market: Market, checkpoints: Checkpoints) -> float:
    """Mean number of preemptions: λ · `expected_billed`."""
    return market.preemptions_per_hour * expected_billed(job, market, checkpoints)


def expected_cost(job: Job, market: Market, checkpoints: Checkpoints, rates: Rates) -> float:
    """Mean dollars: the spot price times `expected_billed`."""
    return rates.spot * expected_billed(job, market, checkpoints)


def billed_saving_on_notice(job: Job, market: Market, cost_h: float) -> float:
    """Mean hours paid where each notice is long enough for a save and nothing else is saved.

    W·(e^(λR) + λC) + (e^(λR) − 1)/λ.
    """
    check_number("cost_h", cost_h, least=0)
    rate = market.preemptions_per_hour
    if market.calm:
        return job.work_h + market.restart_h
    restarts = _expm1(rate * market.restart_h)
    return job.work_h * (1 + restarts + rate * cost_h) + restarts / rate


def best_interval(market: Market, cost_h: float) -> float:
    """The interval in hours with the smallest mean bill: λτ* = 1 + W₀(−e^(−1−λC)).

    W₀ is Lambert's function; the condition is the derivative of `expected_billed` set to 0.
    Infinite without preemptions. Raises ValueError where a checkpoint costs nothing: the more often
    the better, without an end.
    """
    rate = market.preemptions_per_hour
    _check_cost(cost_h)
    if market.calm:
        return math.inf
    small = rate * cost_h
    return daly(market, cost_h) if small < _SMALL else (1 - _part_left(small)) / rate


def _part_left(small: float) -> float:
    """1 − λτ* for λC = `small`, to full precision where λτ* is close to 1."""
    if small < _SMALL:
        return 1 - daly(Market(1.0), small)
    return float(-lambertw(-math.exp(-1 - small)).real)


def inflation(market: Market, cost_h: float) -> float:
    """Hours paid for each hour of work at the best interval, in a long job: e^(λR)/(1 − λτ*).

    Infinite where it leaves the range of a float. Raises ValueError as `best_interval`.
    """
    rate = market.preemptions_per_hour
    _check_cost(cost_h)
    if market.calm:
        return 1.0
    left = _part_left(rate * cost_h)
    return (1 + _expm1(rate * market.restart_h)) / left if left else math.inf


def young(market: Market, cost_h: float) -> float:
    """√(2C/λ): Young, "A first order approximation to the optimum checkpoint interval" (1974)."""
    _check_cost(cost_h)
    rate = market.preemptions_per_hour
    return math.inf if market.calm else math.sqrt(2 * cost_h / rate)


def daly(market: Market, cost_h: float) -> float:
    """√(2C/λ)·(1 + √(λC/2)/3 + λC/18) − C, and 1/λ for C from 2/λ on: Daly (2006), equation 37."""
    rate = market.preemptions_per_hour
    if market.calm:
        return math.inf
    small = rate * cost_h
    if small >= 2:
        return 1 / rate
    return young(market, cost_h) * (1 + math.sqrt(small / 2) / 3 + small / 18) - cost_h


def _check_cost(cost_h: float) -> None:
    if cost_h == 0:
        raise ValueError("A checkpoint that costs nothing has no best interval: save all the time.")
    check_number("cost_h", cost_h, least=0)


def break_even(rates: Rates, restart_h: float, cost_h: float) -> float:
    """Preemptions an hour at which spot costs as much as on demand, with the best checkpoints.

    Solves e^(λR)/(1 − λτ*) = k for λ, k the ratio of the prices. Raises ValueError where spot is not
    the cheaper one, and for a checkpoint that costs nothing.
    """
    _check_cheaper(rates)

    def gap(rate: float) -> float:
        return math.log(inflation(Market(rate, restart_h=restart_h), cost_h) / rates.ratio)

    high = 1e-6
    while gap(high) < 0:
        high *= 2
    return float(brentq(gap, 0, high, xtol=1e-12))


def break_even_without(job: Job, rates: Rates, restart_h: float) -> float:
    """The same for a job that never saves: (e^(λ(R+W)) − 1)/(λW) = k.

    0 where the first restart alone makes spot as dear. Raises ValueError where spot is not the cheaper
    one.
    """
    _check_cheaper(rates)
    never = Checkpoints(math.inf)

    def gap(rate: float) -> float:
        market = Market(rate, restart_h=restart_h)
        return expected_billed(job, market, never) / job.work_h - rates.ratio

    if gap(0.0) >= 0:
        return 0.0
    high = 1e-6
    while gap(high) < 0:
        high *= 2
    return float(brentq(gap, 0, high, xtol=1e-12))


def _check_cheaper(rates: Rates) -> None:
    if rates.ratio <= 1:
        raise ValueError(
            f"Spot at ${rates.spot:g}/h is not cheaper than on demand at ${rates.on_demand:g}/h; "
            "there is nothing to break even with."
        )


def wall_without_losses(job: Job, market: Market) -> tuple[float, float]:
    """Mean and variance of the hours from start to end where R = C = 0: W(1 + λD) and 2λWD²."""
    expected = market.preemptions_per_hour * job.work_h
    return job.work_h + expected * market.outage_h, 2 * expected * market.outage_h**2
