"""One model's bill from training to serving, against arithmetic by hand."""

import math
from dataclasses import replace

import pytest

from mlopt_lessons.combined.whole_bill import Serving, Training, whole
from mlopt_lessons.gpu.gpu_offers import offers
from mlopt_lessons.gpu.job_cost import estimate
from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.work import Job
from mlopt_lessons.spot.market import Market
from mlopt_lessons.workbench import Price

PRICE = Price("x", 0.10, "by hand", "2026-11-25")
SERVING = Serving(per_second=1000, before_s=6e-3, after_s=0.5e-3, at=PRICE, busy=0.6)
CALM = replace(Training(), market=Market(0.0))


def test_machines_by_hand() -> None:
    assert SERVING.machines(6e-3) == 10  # 6 s of work a second at 60 % load, exactly
    assert SERVING.machines(6.01e-3) == 11
    assert SERVING.machines(1e-9) == 1  # a service that answers needs a machine


def test_serving_by_hand() -> None:
    _, served, _ = whole(SERVING)
    assert served.before == pytest.approx(10 * 730 * 0.10)
    assert served.after == pytest.approx(1 * 730 * 0.10)
    assert "10 machines become 1" in served.how


def test_training_on_a_calm_market_is_the_cheapest_gpu_at_its_spot_price() -> None:
    trained, *_ = whole(SERVING, CALM)
    demand = known_profiles()["resnet50"].demand(64, "fp16", True)
    job = Job(demand, CALM.samples / 64, CALM.deadline_h)
    costs = [estimate(job, offer) for offer in offers(spot=True)]
    best = min(each.usd.middle for each in costs if each.fits and each.in_time)
    assert trained.after == pytest.approx(20 * best)
    v100 = min(estimate(job, offer).usd.middle for offer in offers() if offer.gpu == "V100-16GB")
    assert trained.before == pytest.approx(20 * v100)


def test_interruptions_cost_what_is_lost() -> None:
    calm, busy = (whole(SERVING, each)[0] for each in (CALM, Training()))
    assert calm.before == busy.before
    # λ = 0.1/h, R = 1/6 h, C = 1/60 h: e^(λR)/(1 − λτ*) hours are paid for one of work, about 8 % more,
    # and the last restart a little more.
    assert 1.05 < busy.after / calm.after < 1.15


def test_the_last_row_is_the_sum() -> None:
    trained, served, both = whole(SERVING)
    assert both.before == pytest.approx(trained.before + served.before)
    assert both.saved == pytest.approx(trained.saved + served.saved)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="meets the deadline"):
        whole(SERVING, replace(Training(), deadline_h=0.1))
    with pytest.raises(ValueError, match="There is no price for 'V1000'; choose one of A10"):
        whole(SERVING, replace(Training(), before="V1000"))
    with pytest.raises(ValueError, match="after_s must be above 0"):
        replace(SERVING, after_s=0.0)
    with pytest.raises(ValueError, match="per_second must be above 0 and finite"):
        replace(SERVING, per_second=math.inf)
    with pytest.raises(ValueError, match=r"60 % is 0\.6; got 60"):
        replace(SERVING, busy=60)
