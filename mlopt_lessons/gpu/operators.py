"""How many kernels one forward pass launches: what sets the least time of a small batch."""

from typing import Any

from torch import nn

from mlopt_lessons.gpu.meta import Input, Watch, run_on_meta, to_inputs, to_meta

# These allocate or rename memory, on the CPU, as views do.
NO_KERNEL = ("aten::empty", "aten::_unsafe_view")


class _Count(Watch):
    launched = 0

    def seen(self, func: Any, given: Any, out: Any) -> None:
        self.launched += not func.is_view and func._schema.name not in NO_KERNEL


def count_operators(model: nn.Module, *inputs: Input) -> int:
    """Operators of one forward pass that compute, views left out; about one kernel launch each.

    `inputs` are tensors or shapes with the batch first. Raises ValueError, naming the operation, for a
    model that cannot run on the meta device, TypeError for what is no module.
    """
    count = _Count()
    run_on_meta(to_meta(model).eval(), to_inputs(inputs), None, watch=count)
    return count.launched
