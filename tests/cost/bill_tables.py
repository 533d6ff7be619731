"""Small bills for the tests, and the recorded sample of the FOCUS project, absent on a learner's machine."""

from pathlib import Path

import pandas as pd
import pytest

from mlopt_lessons.cost.bill import make_bill

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "cost" / "focus_1.0_sample_1000.csv"
HEADER = "BilledCost,EffectiveCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ServiceName"
ROW = "1.5,1.25,USD,Usage,2026-06-01T00:00:00Z,2026-06-01T01:00:00Z,Compute"


def sample():
    """The path of the recorded bill; skips where it is absent."""
    if not SAMPLE.exists():
        pytest.skip("The recorded FOCUS sample is not on this machine.")
    return SAMPLE


def charge(amount, start="2026-06-01", hours=1, **more):
    """A row of a bill: usage of compute for `hours` hours, all four costs equal."""
    begin = pd.Timestamp(start, tz="UTC")
    costs = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amount)
    return {
        **costs,
        "ChargeCategory": "Usage",
        "ChargePeriodStart": begin,
        "ChargePeriodEnd": begin + pd.Timedelta(hours=hours),
        "BillingPeriodStart": pd.Timestamp("2026-06-01", tz="UTC"),
        "BillingPeriodEnd": pd.Timestamp("2026-07-01", tz="UTC"),
        "ServiceName": "Machines",
        "ServiceCategory": "Compute",
        **more,
    }


def bill_of(*charges, currency="USD"):
    return make_bill(pd.DataFrame(list(charges)), currency, "simulated: by hand, seed 0")


def write(path, *lines, encoding="utf-8"):
    path.write_bytes("\n".join(lines).encode(encoding))
    return path
