from .bill import Bill, load_bill, make_bill
from .bill_shares import Shares, shares
from .forecast import Forecast, month_end
from .grouping import drill, group
from .lean import LEAN, NAIVE, Comparison, Recipe, Trained, compare, one_at_a_time, train
from .metering import Meter, meter
from .month import Month, simulate_month
from .report import bill_report
from .unit_cost import RunCosts, per_million_tokens, per_thousand_predictions, run_costs
from .waste import KINDS, Finding, find_waste, unchecked
from .what_if import SWITCHES, Terms, WhatIf, try_switches

__all__ = [
    "KINDS",
    "LEAN",
    "NAIVE",
    "SWITCHES",
    "Bill",
    "Comparison",
    "Finding",
    "Forecast",
    "Meter",
    "Month",
    "Recipe",
    "RunCosts",
    "Shares",
    "Terms",
    "Trained",
    "WhatIf",
    "bill_report",
    "compare",
    "drill",
    "find_waste",
    "group",
    "load_bill",
    "make_bill",
    "meter",
    "month_end",
    "one_at_a_time",
    "per_million_tokens",
    "per_thousand_predictions",
    "run_costs",
    "shares",
    "simulate_month",
    "train",
    "try_switches",
    "unchecked",
]
