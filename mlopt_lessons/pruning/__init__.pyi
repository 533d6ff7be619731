from .apply import (
    fine_tune,
    gradually,
    magnitude_masks,
    masked,
    random_masks,
    weights_of,
    zeros,
)
from .controls import from_scratch
from .cut import Pruned, prune
from .masks import (
    emptied,
    global_masks,
    magnitude_mask,
    n_m_mask,
    random_mask,
    sparsity,
    wanda_mask,
)
from .report import compare
from .schedule import cubic
from .sensitivity import LayerSensitivity, scan
from .sparse import CsrLinear, CsrPoint, csr_sweep, pays_from, with_csr
from .speed import SpeedPoint, speed_sweep
from .storage import LAYOUTS, Layout, Stored, restore, sizes, store
from .structured import Structured, remove_outputs
from .sweep import Setting, SweepPoint, measure, outputs_for
from .wanda import wanda_masks

__all__ = [
    "LAYOUTS",
    "CsrLinear",
    "CsrPoint",
    "LayerSensitivity",
    "Layout",
    "Pruned",
    "Stored",
    "Structured",
    "compare",
    "csr_sweep",
    "cubic",
    "emptied",
    "fine_tune",
    "from_scratch",
    "global_masks",
    "gradually",
    "magnitude_mask",
    "magnitude_masks",
    "masked",
    "n_m_mask",
    "pays_from",
    "prune",
    "random_mask",
    "random_masks",
    "remove_outputs",
    "restore",
    "scan",
    "sizes",
    "sparsity",
    "store",
    "wanda_mask",
    "wanda_masks",
    "weights_of",
    "with_csr",
    "zeros",
    "SpeedPoint",
    "speed_sweep",
    "Setting",
    "SweepPoint",
    "measure",
    "outputs_for",
]
