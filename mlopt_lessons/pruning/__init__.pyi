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
from .gpt import cut_gpt, pruned_gpt, pruned_gpt_card
from .heads import PrunedGPT, remove_heads
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
from .tree import Branch, grow, prune_tree
from .wanda import wanda_masks

__all__ = [
    "LAYOUTS",
    "Branch",
    "CsrLinear",
    "CsrPoint",
    "LayerSensitivity",
    "Layout",
    "Pruned",
    "PrunedGPT",
    "Setting",
    "SpeedPoint",
    "Stored",
    "Structured",
    "SweepPoint",
    "compare",
    "csr_sweep",
    "cubic",
    "cut_gpt",
    "emptied",
    "fine_tune",
    "from_scratch",
    "global_masks",
    "gradually",
    "grow",
    "magnitude_mask",
    "magnitude_masks",
    "masked",
    "measure",
    "n_m_mask",
    "outputs_for",
    "pays_from",
    "prune",
    "prune_tree",
    "pruned_gpt",
    "pruned_gpt_card",
    "random_mask",
    "random_masks",
    "remove_heads",
    "remove_outputs",
    "restore",
    "scan",
    "sizes",
    "sparsity",
    "speed_sweep",
    "store",
    "wanda_mask",
    "wanda_masks",
    "weights_of",
    "with_csr",
    "zeros",
]
