"""FOCUS rows of the simulated month: what each machine, run, bucket and commitment is charged.

The four costs follow the FOCUS specification (columns ListCost, ContractedCost, EffectiveCost, BilledCost,
https://focus.finops.org): a commitment's purchase is billed and its effective cost is 0; the hours that it
covers are billed 0 and carry its cost, used or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.cost.month_fleet import (
    COMMITMENT_DISCOUNT,
    CONTRACT_DISCOUNT,
    STORAGE_USD_PER_GB_MONTH,
    Bucket,
    Machine,
    usd_per_hour,
)

START = pd.Timestamp("2026-06-01", tz="UTC")
DAYS = 30
HOURS = 24 * DAYS
Costs = tuple[
    float, float, float, float
]  # list, contracted, effective, billed, in dollars a charge

_COMPUTE = {"ServiceName": "Amazon Elastic Compute Cloud", "ServiceCategory": "Compute"}
_STORAGE = {"ServiceName": "Amazon Simple Storage Service", "ServiceCategory": "Storage"}
_COST_NAMES = ("ListCost", "ContractedCost", "EffectiveCost", "BilledCost")


@dataclass(frozen=True, eq=False)
class Charges:
    """Charges of one resource that differ in nothing but their time and utilisation.

    `starts` are hours since the month's start, shape (n,), each charge lasts `span` hours; `columns` are
    the values that all rows share; `wasted` says which rows were planted as waste of the kind `kind`.
    """

    starts: NDArray[np.int64]
    span: int
    costs: Costs
    columns: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    load: NDArray[np.float64] | None = None
    kind: str = ""
    wasted: NDArray[np.bool_] | None = None


def office_hours() -> NDArray[np.bool_]:
    """Which hours of the month lie in Mon–Fri, 8 to 20 UTC; shape (720,)."""
    hours = pd.date_range(START, periods=HOURS, freq="h")
    return np.asarray((hours.day_of_week < 5) & (hours.hour >= 8) & (hours.hour < 20))


def on_demand(
    name: str, instance: str, starts: NDArray[np.int64], spot: bool = False, **more: Any
) -> Charges:
    """Hours of a machine that no commitment covers: on demand, or spot at spot's own price."""
    listed = usd_per_hour(instance, spot)
    paid = listed if spot else listed * (1 - CONTRACT_DISCOUNT)
    columns = _compute(name, instance, "Dynamic" if spot else "Standard")
    return Charges(starts, 1, (listed, paid, paid, paid), columns, **more)


def reserved(
    machine: Machine, starts: NDArray[np.int64], load: NDArray[np.float64] | None
) -> list[Charges]:
    """A machine under a reservation for the whole month: hours used, hours unused, and the purchase."""
    listed = usd_per_hour(machine.instance)
    hourly = listed * (1 - COMMITMENT_DISCOUNT)
    columns = _compute(machine.name, machine.instance, "Committed")
    contracted = listed * (1 - CONTRACT_DISCOUNT)
    used = {**columns, "CommitmentDiscountStatus": "Used"}
    rows = [Charges(starts, 1, (listed, contracted, hourly, 0.0), used, machine.tags, load)]
    unused = np.setdiff1d(np.arange(HOURS), starts)
    if len(unused):
        rows.append(_unused(machine, unused, hourly))
    month = hourly * HOURS
    purchase = {
        **_reservation(machine),
        "ChargeCategory": "Purchase",
        "PricingCategory": "Standard",
        "ChargeDescription": f"Recurring fee of a one-year reservation, {machine.instance}",
    }
    return [*rows, Charges(np.array([0]), HOURS, (month, month, 0.0, month), purchase)]


def _unused(machine: Machine, hours: NDArray[np.int64], hourly: float) -> Charges:
    columns = {
        **_reservation(machine),
        "PricingCategory": "Committed",
        "CommitmentDiscountStatus": "Unused",
        "ConsumedQuantity": np.nan,
        "ChargeDescription": f"Unused hour of a reservation, {machine.instance}",
    }
    costs = (hourly, hourly, hourly, 0.0)
    return Charges(hours, 1, costs, columns, machine.tags, kind="unused commitment")


def _reservation(machine: Machine) -> dict[str, Any]:
    name = f"reservation-{machine.name}"
    return {**_COMPUTE, "ResourceId": f"ri/{name}", "ResourceName": name}


def _compute(name: str, instance: str, pricing: str) -> dict[str, Any]:
    return {
        **_COMPUTE,
        "ResourceId": f"i/{name}",
        "ResourceName": name,
        "PricingCategory": pricing,
        "ConsumedQuantity": 1.0,
        "ConsumedUnit": "Hours",
        "ChargeDescription": f"{instance}, Linux, an hour"
        + (" (spot)" if pricing == "Dynamic" else ""),
    }


def stored(bucket: Bucket) -> Charges:
    """A bucket, a charge a day."""
    gigabytes = 1000 * bucket.terabytes
    columns = {
        **_STORAGE,
        "ResourceId": f"s3/{bucket.name}",
        "ResourceName": bucket.name,
        "PricingCategory": "Standard",
        "ConsumedQuantity": gigabytes / DAYS,
        "ConsumedUnit": "GB-Months",
        "ChargeDescription": "Standard storage, a day",
        "x_LastUsed": pd.Timestamp(bucket.last_used or "NaT", tz="UTC"),
    }
    daily = gigabytes / DAYS * STORAGE_USD_PER_GB_MONTH
    starts = 24 * np.arange(DAYS)
    return Charges(starts, 24, (daily,) * 4, columns, bucket.tags, kind=bucket.wasted)


def sent(
    name: str, gigabytes: float, usd_per_gb: float, tags: Mapping[str, str], day: int
) -> Charges:
    """Data that left the cloud on one day."""
    columns = {
        "ServiceName": "AWS Data Transfer",
        "ServiceCategory": "Networking",
        "ResourceId": f"egress/{name}",
        "ResourceName": name,
        "PricingCategory": "Standard",
        "ConsumedQuantity": gigabytes,
        "ConsumedUnit": "GB",
        "ChargeDescription": "Data transfer out to the internet",
    }
    return Charges(np.array([24 * day]), 24, (gigabytes * usd_per_gb,) * 4, columns, tags)


def levy(category: str, service: str, text: str, costs: Costs) -> Charges:
    """A row that is no usage: a tax, a credit or an adjustment, for the whole month."""
    columns = {
        "ChargeCategory": category,
        "ServiceName": service,
        "ServiceCategory": "Other",
        "ChargeDescription": text,
    }
    return Charges(np.array([0]), HOURS, costs, columns)


def table(charges: Sequence[Charges]) -> tuple[pd.DataFrame, NDArray[Any]]:
    """All charges as FOCUS rows in order of time, and the kind of waste planted in each, "" for none."""
    counts = [len(each.starts) for each in charges]
    starts = np.concatenate([each.starts for each in charges])
    ends = starts + np.repeat([each.span for each in charges], counts)
    costs = np.repeat(np.array([each.costs for each in charges]), counts, axis=0)
    frame = pd.DataFrame(dict(zip(_COST_NAMES, costs.T, strict=True)))
    frame["ChargePeriodStart"] = START + pd.to_timedelta(starts, unit="h")
    frame["ChargePeriodEnd"] = START + pd.to_timedelta(ends, unit="h")
    frame["BillingPeriodStart"], frame["BillingPeriodEnd"] = START, START + pd.Timedelta(days=DAYS)
    shared = [_shared(each) for each in charges]
    repeated = pd.DataFrame(shared).iloc[np.repeat(np.arange(len(charges)), counts)]
    frame = pd.concat([frame, repeated.reset_index(drop=True)], axis=1)
    frame["x_UtilisationPercent"] = np.concatenate([_load(each) for each in charges])
    kinds = np.concatenate([_kinds(each) for each in charges])
    order = np.argsort(starts, kind="stable")
    return frame.iloc[order].reset_index(drop=True), kinds[order]


def _shared(charges: Charges) -> dict[str, Any]:
    always = {"ChargeCategory": "Usage", "RegionId": "us-east-1", "ServiceProviderName": "AWS"}
    return {**always, **charges.columns, "Tags": dict(charges.tags)}


def _load(charges: Charges) -> NDArray[np.float64]:
    return np.full(len(charges.starts), np.nan) if charges.load is None else charges.load


def _kinds(charges: Charges) -> NDArray[Any]:
    wasted = np.ones(len(charges.starts), bool) if charges.wasted is None else charges.wasted
    return np.where(wasted, charges.kind, "").astype(object)
