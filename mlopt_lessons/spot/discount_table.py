"""What spot costs against on demand, in published prices."""

import pandas as pd

from mlopt_lessons.workbench import gpu_prices


def discounts() -> pd.DataFrame:
    """Every machine of the price table with both prices, the smallest discount first.

    Columns: provider, instance, gpu, on_demand_usd_h, spot_usd_h, discount (part of the on-demand
    price that spot saves), date, source. The table is `workbench.gpu_prices()`; 36 rows have both.
    """
    table = gpu_prices().dropna(subset=["on_demand_usd_h", "spot_usd_h"])
    table = table.assign(discount=1 - table["spot_usd_h"] / table["on_demand_usd_h"])
    columns = ["provider", "instance", "gpu", "on_demand_usd_h", "spot_usd_h", "discount"]
    found = table[[*columns, "date", "source"]].sort_values("discount", kind="stable")
    return found.reset_index(drop=True)
