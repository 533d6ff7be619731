"""The columns of FOCUS bills, versions 1.0 to 1.4, and the names that a bill may give them.

Source: FinOps Open Cost and Usage Specification, changelog and column history of versions 0.5 to 1.4,
https://focus.finops.org. Version 1.3 put ServiceProviderName in ProviderName's place and 1.4 dropped
the old name. A provider's own columns begin with x_.
"""

import difflib
import re
from collections.abc import Iterable

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
TIMES = (
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "x_LastUsed",
)
NUMBERS = ("ConsumedQuantity", "x_UtilisationPercent")
TEXTS = (
    "ChargeCategory",
    "ServiceName",
    "ServiceCategory",
    "ResourceId",
    "ResourceName",
    "RegionId",
    "PricingCategory",
    "CommitmentDiscountStatus",
    "ProviderName",
    "ServiceProviderName",
    "SubAccountName",
    "ChargeDescription",
)
COLUMNS = (*COSTS, *TIMES, *TEXTS, *NUMBERS, "Tags")

# Mandatory in every version from 1.0 on, and needed here. The other costs are mandatory in FOCUS too,
# but a bill without them can still be read: what needs them says that they are missing.
REQUIRED = ("BilledCost", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ServiceName")
CURRENCY = "BillingCurrency"

# Column history of the specification: what 0.5 and 1.0-preview called it, and what 1.0 does.
RENAMED = {
    "AmortizedCost": "EffectiveCost",
    "ChargeType": "ChargeCategory",
    "Region": "RegionId",
    "UsageQuantity": "ConsumedQuantity",
}
# 1.0-preview's values of PricingCategory.
RENAMED_VALUES = {"On-Demand": "Standard", "Commitment-Based": "Committed"}

_V1_0 = (
    "AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd "
    "BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd "
    "ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName "
    "CommitmentDiscountStatus CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost "
    "ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory "
    "PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName "
    "ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags"
)
_ADDED = {
    "1.1": "CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity "
    "CommitmentDiscountUnit ServiceSubcategory SkuMeter SkuPriceDetails",
    "1.2": "BillingAccountType InvoiceId PricingCurrency PricingCurrencyContractedUnitPrice "
    "PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice SubAccountType",
    "1.3": "AllocatedMethodDetails AllocatedMethodId AllocatedResourceId AllocatedResourceName "
    "AllocatedTags ContractApplied HostProviderName ServiceProviderName",
    "1.4": "CommitmentProgramEligibilityDetails InvoiceDetailId",
}
_REMOVED = {"1.4": "ProviderName PublisherName"}
VERSIONS = ("1.0", *_ADDED)


def focus_columns(version: str) -> frozenset[str]:
    """Names of the cost and usage columns of a version: 43 in 1.0, 50, 57, 65 and 65 in 1.4.

    Raises ValueError for a version that is not known here.
    """
    if version not in VERSIONS:
        raise ValueError(f"FOCUS {version} is not known here; choose one of {', '.join(VERSIONS)}.")
    names = set(_V1_0.split())
    for each in VERSIONS[1 : VERSIONS.index(version) + 1]:
        names = (names | set(_ADDED[each].split())) - set(_REMOVED.get(each, "").split())
    return frozenset(names)


_SPELLED = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in (*COLUMNS, CURRENCY)} | {
    old.lower(): new for old, new in RENAMED.items()
}


def canonical(name: str) -> str | None:
    """The canonical name of a column, or None for one that is not used here.

    Case, spaces and underscores do not matter: "billed_cost" and "Billed Cost" are BilledCost. A
    name of FOCUS 0.5 or 1.0-preview becomes today's.
    """
    return _SPELLED.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def mapping(names: Iterable[str], file: str) -> dict[str, str]:
    """A file's column names to canonical ones; columns that are not used here are left out.

    Raises ValueError where two columns mean the same, or a required one is missing.
    """
    found: dict[str, str] = {}
    for name in names:
        meant = canonical(name)
        if meant is None:
            continue
        if meant in found.values():
            twice = [each for each, known in found.items() if known == meant]
            raise ValueError(
                f"{file} has two columns for {meant}: {twice[0]} and {name}. Keep one of them."
            )
        found[name] = meant
    return found


def check_required(names: Iterable[str], file: str) -> None:
    """Raises ValueError naming every required column that `names` lacks, and similar ones it has."""
    names = list(names)
    known = {canonical(name) for name in names}
    if missing := [name for name in REQUIRED if name not in known]:
        told = ", ".join(f"{name}{_similar(name, names)}" for name in missing)
        raise ValueError(
            f"{file} lacks {told}. A FOCUS bill needs {', '.join(REQUIRED)}: export it as FOCUS 1.0 "
            "or later, or rename the columns."
        )


def _similar(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in names], cutoff=0.6)
    shown = [each for each in names if each.lower() in near and canonical(each) is None]
    return f" (similar: {', '.join(shown)})" if shown else ""
