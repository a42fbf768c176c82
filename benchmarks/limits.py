"""The least time that work in PyTorch could take on this machine: by its arithmetic, and by its memory traffic."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

SIDE, COPIED, TRIES = 2048, 2**27, 5  # of the matrices and the array (bytes) by which the machine is measured


@dataclass(frozen=True)
class Machine:
    """What this machine reaches: operations a second in a large matrix product, bytes a second in a large copy."""

    operations: float
    bytes: float


@dataclass(frozen=True)
class Limit:
    """The work counted, and the seconds that it takes at the machine's rates.

    Attributes:
        operations: additions and multiplications of matrix products and convolutions; no others are counted.
        bytes: what all operations read and write, as if nothing stayed in a cache between two of them.
        arithmetic_s: seconds of the operations; nothing that does all of them can be faster.
        traffic_s: seconds of the bytes; caches can make it less.
    """

    operations: int
    bytes: int
    arithmetic_s: float
    traffic_s: float

    def as_row(self) -> dict[str, object]:
        """Returns what stands in the result file."""
        return {
            "gflop": round(self.operations / 1e9, 3),
            "gbyte": round(self.bytes / 1e9, 3),
            "arithmetic_s": round(self.arithmetic_s, 4),
            "traffic_s": round(self.traffic_s, 4),
        }


class _TrafficCounter(TorchDispatchMode):
    """Adds up the bytes of what every operation reads and writes; views move nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        read, written = ([x for x in tree_leaves(part) if isinstance(x, Tensor)] for part in ((args, kwargs), result))
        if not func.is_view:
            self.bytes += sum(x.numel() * x.element_size() for x in (*read, *written))
        return result


def count_limit(work: Callable[[], object]) -> Limit:
    """Returns the limit of work that runs in PyTorch, in this thread; what NumPy does is not seen."""
    backward = {torch.ops.aten.convolution_backward: _count_convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=backward) as counted, _TrafficCounter() as traffic:
        work()
    operations, machine = counted.get_total_flops(), measure_machine()
    return Limit(operations, traffic.bytes, operations / machine.operations, traffic.bytes / machine.bytes)


def _count_convolution_backward(out: Sequence[int], _: object, weight: Sequence[int], *rest: Any, **__: object) -> int:
    """Returns the operations of both gradients as far as they are asked for; PyTorch's own count forgets the groups."""
    return 2 * math.prod(out) * math.prod(weight[1:]) * sum(rest[-1][:2])


@cache
def measure_machine() -> Machine:
    """Returns the rates of this machine, each the best of several tries."""
    matrix, array = torch.randn(SIDE, SIDE), torch.zeros(COPIED, dtype=torch.uint8)
    target = torch.empty_like(array)
    product = min(_time(lambda: matrix @ matrix) for _ in range(TRIES))
    copy = min(_time(lambda: target.copy_(array)) for _ in range(TRIES))
    return Machine(2 * SIDE**3 / product, 2 * COPIED / copy)


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return max(time.perf_counter() - started, math.ulp(1))
