"""What a bill can be sliced by: its columns, its times, and its tags."""

from collections import Counter
from typing import Any

import pandas as pd

from mlopt_lessons.cost.bill import Bill

UNALLOCATED = "unallocated"
COLUMN_KEYS = {
    "service": "ServiceName",
    "category": "ServiceCategory",
    "resource": "ResourceId",
    "region": "RegionId",
    "provider": "ServiceProviderName",
    "account": "SubAccountName",
    "pricing": "PricingCategory",
    "charge": "ChargeCategory",
    "commitment": "CommitmentDiscountStatus",
}
TIME_KEYS = {"hour": "h", "day": "D"}
# Tags that may be asked for by their bare name even where no row has them: all is then unallocated.
TAG_KEYS = ("team", "environment", "workload", "run", "status")
TAG = "tag:"


def key_values(bill: Bill, key: str) -> pd.Series:
    """The key of every row: UTC times for "hour" and "day", else a categorical without gaps.

    "unallocated" stands where the row does not tell. Raises ValueError for a key that is none.
    """
    if key in TIME_KEYS:
        return bill.rows["ChargePeriodStart"].dt.floor(TIME_KEYS[key])
    if key in COLUMN_KEYS:
        values = bill.rows[COLUMN_KEYS[key]].astype("category")
    else:
        values = tag_values(bill, _tag_name(bill, key)).astype("category")
    if UNALLOCATED not in values.cat.categories:
        values = values.cat.add_categories(UNALLOCATED)
    return values.fillna(UNALLOCATED)


def tag_values(bill: Bill, tag: str) -> pd.Series:
    """The value of a tag in every row, None where the row has none or an empty one."""
    found = [tags.get(tag) or None for tags in bill.rows["Tags"]]
    return pd.Series(found, index=bill.rows.index, dtype=object)


def has_tag(bill: Bill, tag: str) -> bool:
    """Whether any row carries a value of that tag."""
    return any(tags.get(tag) for tags in bill.rows["Tags"])


def utc(time: Any) -> pd.Timestamp:
    """A time as a UTC time stamp; one without a zone is UTC. Raises ValueError for what is no time."""
    try:
        read = pd.Timestamp(time)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{time!r} is no time; write it as 2026-06-30 or 2026-06-30T22:00."
        ) from error
    return read.tz_localize("UTC") if read.tzinfo is None else read.tz_convert("UTC")


def _tag_name(bill: Bill, key: str) -> str:
    tag = key.removeprefix(TAG)
    if key.startswith(TAG) or tag in TAG_KEYS or has_tag(bill, tag):
        return tag
    counts = Counter(name for tags in bill.rows["Tags"] for name in tags)
    there = ", ".join(name for name, _ in counts.most_common(8)) or "it has none"
    raise ValueError(
        f"There is nothing to group by {key!r}: choose one of {', '.join([*COLUMN_KEYS, *TIME_KEYS])} "
        f"or a tag of this bill ({there})."
    )
