"""How quickly weights go: little by little, fast at first and slowly at the end."""


def cubic(step: int, steps: int, final: float, initial: float = 0.0) -> float:
    """The amount cut after `step` of `steps`: final + (initial − final) · (1 − step/steps)³.

    Early steps cut much, as there is much to spare; late steps cut little, so that the model can
    follow (Zhu & Gupta 2017, arXiv:1710.01878, equation 1). Amounts are parts from 0 to 1. Steps
    past the last keep the final amount.

    Raises ValueError for less than one step, a negative step, and amounts that are out of range or
    that fall from initial to final.
    """
    if steps < 1 or step < 0:
        raise ValueError(
            f"A schedule has at least 1 step and starts at step 0, got {step} of {steps}."
        )
    if not 0 <= initial <= final <= 1:
        raise ValueError(
            f"Amounts must rise from initial to final between 0 and 1, got {initial} and {final}."
        )
    left = max(0.0, 1 - step / steps)
    return final + (initial - final) * left**3
