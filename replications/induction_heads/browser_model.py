"""The trained model as an ONNX graph, so that a browser can run it."""

import math

import numpy as np
import onnx
import torch
from jaxtyping import Float, Int
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor

from replications.induction_heads.model import NORM_EPSILON, Attention, Transformer

OPSET, IR_VERSION = 13, 7  # what the smallest browser runtimes read
AGREEMENT = 1e-4  # float32 in another order; a probability or attention further apart is a fault
OUTPUTS = ("probabilities", "previous_token", "induction")
HeadAddress = tuple[int, int]


class ExportError(RuntimeError):
    """A model that cannot be exported, or an exported one that does not compute what the model does."""


class _Graph:
    """A graph under construction: every operation returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def apply(self, operation: str, *inputs: str, result: str = "", **attributes: object) -> str:
        """Adds an operation."""
        result = result or f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [result], **attributes))
        return result

    def keep(self, value: Tensor | list[int] | float) -> str:
        """Adds a constant: weights, whole numbers, or one number."""
        array = value.detach().numpy() if isinstance(value, Tensor) else np.array(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def normalise(self, stream: str) -> str:
        """Adds `model.normalise`."""
        squares = self.apply("ReduceMean", self.apply("Mul", stream, stream), axes=[-1], keepdims=1)
        return self.apply("Div", stream, self.apply("Sqrt", self.apply("Add", squares, self.keep(NORM_EPSILON))))

    def project(self, stream: str, weight: Float[Tensor, "head d_model d_head"]) -> str:
        """Adds a product with the matrices of all heads: position d_model to head position d_head."""
        together = self.apply("MatMul", stream, self.keep(weight.transpose(0, 1).flatten(1)))
        split = self.apply("Reshape", together, self.keep([-1, weight.shape[0], weight.shape[2]]))
        return self.apply("Transpose", split, perm=[1, 0, 2])


def export_model(
    model: Transformer, previous_token: HeadAddress, induction: HeadAddress, example: Int[Tensor, " position"]
) -> bytes:
    """Returns an ONNX file that gives the next word's probabilities at every position and the attention of two heads.

    Args:
        model: attention-only, without smeared keys.
        previous_token: layer and head whose attention is an output.
        induction: likewise.
        example: a document, on which the graph is compared with torch.

    Raises:
        ExportError: the model has MLPs or smeared keys, or the graph gives other numbers than torch.
    """
    if model.shape.mlp or model.shape.smeared:
        raise ExportError(f"got {model.shape}; expected an attention-only model without smeared keys")
    content: bytes = _build(model, {"previous_token": previous_token, "induction": induction}).SerializeToString()
    for length in (1, len(example) // 2, len(example)):
        _compare(model, (previous_token, induction), content, example[:length])
    return content


def _build(model: Transformer, watched: dict[str, HeadAddress]) -> onnx.ModelProto:
    graph = _Graph()
    length = graph.apply("Shape", "tokens")
    origin, context = graph.keep([0]), model.shape.context
    positions = graph.apply("Slice", graph.keep(model.positions), origin, length)
    later = torch.full((context, context), -math.inf).triu(1)
    square = graph.apply("Concat", length, length, axis=0)
    mask = graph.apply("Slice", graph.keep(later), graph.keep([0, 0]), square)
    stream = graph.apply("Gather", graph.keep(model.embedding), "tokens", axis=0)
    for layer, attention in enumerate(model.attention):
        pattern, written = _add_layer(graph, attention, stream, positions, mask)
        stream = graph.apply("Add", stream, written)
        for name, (where, head) in watched.items():
            if where == layer:
                graph.apply("Gather", pattern, graph.keep(torch.tensor(head)), result=name, axis=0)
    logits = graph.apply("MatMul", graph.normalise(stream), graph.keep(model.unembedding))
    graph.apply("Softmax", logits, result="probabilities", axis=-1)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["query", "key"]) for name in watched]
    predicted = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["position", "word"])
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, ["position"])
    made = helper.make_graph(graph.nodes, "transformer", [tokens], [predicted, *outputs], graph.constants)
    exported = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(exported)
    return exported


def _add_layer(graph: _Graph, attention: Attention, stream: str, positions: str, mask: str) -> tuple[str, str]:
    """Adds an attention layer; returns its patterns (head query key) and what it writes (position d_model)."""
    read = graph.normalise(stream)
    located = graph.apply("Add", read, positions)
    queries, keys = graph.project(located, attention.W_Q), graph.project(located, attention.W_K)
    values = graph.project(read, attention.W_V)
    products = graph.apply("MatMul", queries, graph.apply("Transpose", keys, perm=[0, 2, 1]))
    scores = graph.apply("Mul", products, graph.keep(1 / math.sqrt(attention.W_Q.shape[2])))
    pattern = graph.apply("Softmax", graph.apply("Add", scores, mask), axis=-1)
    mixed = graph.apply("Transpose", graph.apply("MatMul", pattern, values), perm=[1, 0, 2])
    joined = graph.apply("Reshape", mixed, graph.keep([-1, attention.W_O.shape[0] * attention.W_O.shape[1]]))
    return pattern, graph.apply("MatMul", joined, graph.keep(attention.W_O.flatten(0, 1)))


def run_exported(content: bytes, tokens: Int[Tensor, " position"]) -> list[Float[np.ndarray, "..."]]:
    """Returns what the reference evaluator of ONNX makes of an exported model."""
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(content))
    outputs: list[np.ndarray] = evaluator.run(list(OUTPUTS), {"tokens": tokens.numpy()})
    return outputs


@torch.no_grad()
def _compare(
    model: Transformer, heads: tuple[HeadAddress, HeadAddress], content: bytes, tokens: Int[Tensor, " position"]
) -> None:
    run = model.run(tokens[None])
    expected = [run.logits[0].softmax(-1), *(run.patterns[layer][0, head] for layer, head in heads)]
    for name, ours, theirs in zip(OUTPUTS, expected, run_exported(content, tokens), strict=True):
        same_shape = ours.shape == theirs.shape
        difference = float(np.abs(ours.numpy() - theirs).max()) if same_shape else math.inf
        if difference > AGREEMENT:
            raise ExportError(
                f"got {name} of shape {theirs.shape}, {difference:.2g} apart from torch for {len(tokens)} tokens; "
                f"expected {tuple(ours.shape)}, at most {AGREEMENT} apart; the exported graph is not the model"
            )
