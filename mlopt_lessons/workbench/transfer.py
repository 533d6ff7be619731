"""What it costs to send a model's file to those who use it."""

from math import isfinite

BYTES_PER_GB = 1e9

# Dollars a gigabyte leaving AWS us-east-1 for the internet: the tier up to 10 TB a month.
EGRESS_USD_PER_GB = 0.09
EGRESS_SOURCE = (
    "AWS data transfer out of us-east-1, tier up to 10 TB a month (leanopstech.com rate card)"
)
EGRESS_DATE = "2026-04-27"


def dollars_per_million_downloads(size: float, usd_per_gb: float = EGRESS_USD_PER_GB) -> float:
    """Dollars for a million downloads of `size` bytes at one flat price a gigabyte.

    Raises ValueError for a negative size or a price that is not above 0.
    """
    if not isfinite(size) or size < 0:
        raise ValueError(f"A size must be 0 bytes or more, got {size}.")
    if not isfinite(usd_per_gb) or usd_per_gb <= 0:
        raise ValueError(f"A price per gigabyte must be above 0, got {usd_per_gb}.")
    return size / BYTES_PER_GB * 1e6 * usd_per_gb
