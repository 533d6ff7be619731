"""Who is fed by whom: what must change elsewhere when a layer loses some of its outputs.

A neuron or a channel is a row of its layer. When it goes, the layer that takes it loses a column
(or, behind a flattening, a block of columns), and what lies between (batch normalisation, depthwise
convolutions) loses the same channel. The model's graph, traced by `torch.fx`, says who that is.

Only operations that leave channels where they are, and that turn 0 into 0, are followed. So a model
without the channel answers the same as the model in which it is masked. A layer whose outputs meet
anything else (an addition, a concatenation, the model's end) is left alone, and the reason is told.
"""

from dataclasses import dataclass

from torch import fx, nn

from mlopt_lessons.workbench import WeightedLayer, weighted_layers

Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
PASSING = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Tanh,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Identity,
)  # fmt: skip
PASSING_NAMES = frozenset({
    "relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "hardswish", "tanh", "contiguous",
    "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "dropout",
})  # fmt: skip


class WiringError(ValueError):
    """A model whose graph cannot be followed."""


class Blocked(Exception):
    """Why the outputs of a layer must stay; caught here, told in `Wiring.fixed`."""


@dataclass(frozen=True)
class Link:
    """A layer whose outputs can go, and who changes with it.

    `followers` (normalisations, depthwise convolutions) hold one entry for each output; each
    consumer, by name, holds that many columns for each output.
    """

    producer: str
    followers: tuple[str, ...]
    consumers: dict[str, int]


@dataclass(frozen=True)
class Wiring:
    """The links of a model by producer, and each other layer with the reason why it is fixed."""

    links: dict[str, Link]
    fixed: dict[str, str]


def wiring(model: nn.Module) -> Wiring:
    """Finds which layers' outputs can be removed, in the model's order.

    Raises WiringError when the model cannot be traced, ValueError without Linear or Conv layers.
    """
    layers = weighted_layers(model)
    graph = _traced(model)
    calls: dict[str, list[fx.Node]] = {}
    for node in graph.nodes:
        if node.op == "call_module":
            calls.setdefault(str(node.target), []).append(node)
    links, fixed = {}, {}
    for name, layer in layers.items():
        try:
            links[name] = _link(name, layer, calls, model)
        except Blocked as reason:
            fixed[name] = str(reason)
    return Wiring(links, fixed)


def is_depthwise(layer: nn.Module) -> bool:
    """True for a convolution that gives each channel a filter of its own."""
    if not isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return False
    return layer.groups > 1 and layer.groups == layer.in_channels == layer.out_channels


def _traced(model: nn.Module) -> fx.Graph:
    try:
        return fx.Tracer().trace(model)
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise WiringError(
            f"{type(model).__name__} cannot be traced ({str(error).splitlines()[0]}): its forward "
            "depends on values. Prune its weights without --structured, or prune the part that "
            "can be traced."
        ) from error


def _link(
    name: str, layer: WeightedLayer, calls: dict[str, list[fx.Node]], model: nn.Module
) -> Link:
    _check_own(name, layer, calls, model)
    followers: list[str] = []
    consumers: dict[str, int] = {}
    waiting = [(user, False) for user in calls[name][0].users]
    while waiting:
        node, flat = waiting.pop()
        taker = str(node.target)
        target = model.get_submodule(taker) if node.op == "call_module" else None
        if isinstance(target, WeightedLayer | Norm) and len(calls[taker]) > 1:
            raise Blocked(f"{taker}, which takes its outputs, is called more than once")
        if isinstance(target, WeightedLayer) and not is_depthwise(target):
            consumers[taker] = _columns(layer, target, flat, taker)
            continue
        if isinstance(target, WeightedLayer | Norm):
            if flat:
                raise Blocked(f"{taker} takes its outputs flattened")
            followers.append(taker)
        else:
            flat = _passes(node, target) or flat
        waiting += [(user, flat) for user in node.users]
    if not consumers:
        raise Blocked("nothing takes its outputs")
    return Link(name, tuple(followers), consumers)


def _check_own(
    name: str, layer: WeightedLayer, calls: dict[str, list[fx.Node]], model: nn.Module
) -> None:
    if len(calls.get(name, [])) != 1:
        raise Blocked("it is called more than once" if name in calls else "it is not called")
    if sum(other.weight is layer.weight for other in weighted_layers(model).values()) > 1:
        raise Blocked("it shares its weight with another layer")
    if is_depthwise(layer):
        raise Blocked("it is depthwise: its channels go with the layer before it")
    if not isinstance(layer, nn.Linear) and layer.groups > 1:
        raise Blocked("it is a grouped convolution")


def _passes(node: fx.Node, target: nn.Module | None) -> bool:
    """True for a flattening, False for what leaves channels alone; raises Blocked for the rest."""
    if node.op == "output":
        raise Blocked("its outputs are the model's answers")
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "?")
    if isinstance(target, nn.Flatten) or (target is None and name == "flatten"):
        if _flattened(node, target) != (1, -1):
            raise Blocked(
                "its outputs are flattened with other dimensions than all after the batch"
            )
        return True
    if not (isinstance(target, PASSING) or (target is None and name in PASSING_NAMES)):
        raise Blocked(f"its outputs go through {type(target).__name__ if target else name}")
    return False


def _flattened(node: fx.Node, target: nn.Module | None) -> tuple[object, object]:
    """The first and last dimension that a flattening joins."""
    if isinstance(target, nn.Flatten):
        return target.start_dim, target.end_dim
    given = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
    return given.get("start_dim", 0), given.get("end_dim", -1)


def _columns(producer: WeightedLayer, taker: WeightedLayer, flat: bool, name: str) -> int:
    outputs = len(producer.weight)
    both_linear = isinstance(producer, nn.Linear) and isinstance(taker, nn.Linear)
    both_conv = not isinstance(producer, nn.Linear) and not isinstance(taker, nn.Linear)
    if not isinstance(taker, nn.Linear) and taker.groups > 1:
        raise Blocked(f"{name} takes its outputs in groups")
    if both_linear or both_conv:
        if taker.weight.shape[1] != outputs:
            raise Blocked(f"{name} takes its outputs in another order")
        return 1
    if not flat or taker.weight.shape[1] % outputs:
        raise Blocked(f"{name} does not take its outputs channel by channel")
    return taker.weight.shape[1] // outputs
