from .billing import first_hour_free, per_second, whole_hours
from .closed_forms import (
    best_interval,
    billed_saving_on_notice,
    break_even,
    break_even_without,
    daly,
    expected_billed,
    expected_cost,
    expected_preemptions,
    expected_wall,
    inflation,
    wall_without_losses,
    young,
)
from .discount_table import discounts
from .generator import generate
from .job import STORY_JOB, STORY_RATES, Job, Rates
from .market import Checkpoints, Market
from .optimum import Optimum
from .plan import compare_policies
from .policies import POLICIES
from .replay import Outcome
from .runs import Runs, bill, costs, simulate
from .timeline import Segment
from .trace import Trace, load_trace, load_zones, save_trace

__all__ = [
    "POLICIES",
    "STORY_JOB",
    "STORY_RATES",
    "Checkpoints",
    "Job",
    "Market",
    "Optimum",
    "Outcome",
    "Rates",
    "Runs",
    "Segment",
    "Trace",
    "best_interval",
    "bill",
    "billed_saving_on_notice",
    "break_even",
    "break_even_without",
    "compare_policies",
    "costs",
    "daly",
    "discounts",
    "expected_billed",
    "expected_cost",
    "expected_preemptions",
    "expected_wall",
    "first_hour_free",
    "generate",
    "inflation",
    "load_trace",
    "load_zones",
    "per_second",
    "save_trace",
    "simulate",
    "wall_without_losses",
    "whole_hours",
    "young",
]
