"""The loop of `replay`, compiled with numba: the same source, the same results, many starts.

numba is an extra: `pip install "mlopt-lessons[fast]"`.
"""

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot import policies, replay
from mlopt_lessons.spot.policies import Policy, Terms, net_of
from mlopt_lessons.spot.replay import Zones


def run_compiled(
    zones: Zones, terms: Terms, policy: str, starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What `run_ticks` counts from each start, shape (starts, 5).

    The first call of a policy compiles it, some seconds. Raises ImportError with a sentence where
    numba is not installed.
    """
    loop: Callable[..., NDArray[np.float64]] = _loop()
    return loop(zones, terms, _compiled(policies.POLICIES[policy]), net_of(policy), starts)


@cache
def _loop() -> Any:
    run_ticks = _compiled(replay.run_ticks)

    def loop(zones, terms, policy, net, starts):  # type: ignore[no-untyped-def]
        counts = np.empty((len(starts), 5))
        for place in range(len(starts)):
            spot, paid, launches, finish, done = run_ticks(
                zones, terms, policy, net, starts[place]
            )[0]
            counts[place] = spot, paid, launches, finish, done
        return counts

    return _njit()(loop)


@cache
def _compiled(function: Policy | Callable[..., Any]) -> Any:
    """A function with the functions of the course that it calls, all compiled."""
    own = (policies.__name__, replay.__name__)
    space = {
        name: _compiled(value)
        if isinstance(value, types.FunctionType) and value.__module__ in own
        else value
        for name, value in function.__globals__.items()
        if name in function.__code__.co_names
    }
    return _njit()(types.FunctionType(function.__code__, space, function.__name__))


@cache
def _njit() -> Any:
    try:
        from numba import njit
    except ImportError as error:
        raise ImportError(
            'Compiled replays need numba: pip install "mlopt-lessons[fast]". Without it, use '
            "replay_many with compiled=False."
        ) from error
    return njit
