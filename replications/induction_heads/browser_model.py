"""The trained model as ONNX, so that a browser can run it."""

import io

import numpy as np
import onnx
import torch
from jaxtyping import Float, Int
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from replications.induction_heads.model import Transformer

OPSET = 14  # the highest that the browser's runtime and this exporter share
AGREEMENT = 1e-4  # float32 in another order; a probability or attention further apart is a fault
OUTPUTS = ("probabilities", "previous_token", "induction")


class ExportError(RuntimeError):
    """An exported model that does not compute what the model does."""


class TwoHeads(nn.Module):
    """A model that gives the next word's probabilities at every position and the attention of two heads."""

    def __init__(self, model: Transformer, previous_token: tuple[int, int], induction: tuple[int, int]) -> None:
        super().__init__()
        self.model, self.previous_token, self.induction = model, previous_token, induction

    def forward(self, tokens: Int[Tensor, "one position"]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns probabilities (position, vocabulary) and two attention patterns (query, key)."""
        run = self.model.run(tokens)
        (early, first), (late, second) = self.previous_token, self.induction
        return run.logits[0].softmax(-1), run.patterns[early][0, first], run.patterns[late][0, second]


def export_model(two_heads: TwoHeads, example: Int[Tensor, "one position"]) -> bytes:
    """Returns the ONNX file of a model, for documents of any length up to its context.

    Raises:
        ExportError: run by the reference evaluator of ONNX, it gives other numbers than torch.
    """
    file = io.BytesIO()
    positions = {"tokens": {1: "position"}, "probabilities": {0: "position"}}
    patterns = {name: {0: "query", 1: "key"} for name in OUTPUTS[1:]}
    torch.onnx.export(
        two_heads,
        (example,),
        file,
        dynamo=False,  # the other exporter writes an opset that the small browser runtimes cannot read
        opset_version=OPSET,
        input_names=["tokens"],
        output_names=list(OUTPUTS),
        dynamic_axes=positions | patterns,
    )
    for length in (1, example.shape[1] // 2, example.shape[1]):
        _compare(two_heads, file.getvalue(), example[:, :length])
    return file.getvalue()


def run_exported(content: bytes, tokens: Int[Tensor, "one position"]) -> list[Float[np.ndarray, "..."]]:
    """Returns what the reference evaluator of ONNX makes of an exported model."""
    evaluator = ReferenceEvaluator(onnx.load_model_from_string(content))
    outputs: list[np.ndarray] = evaluator.run(None, {"tokens": tokens.numpy()})
    return outputs


def _compare(two_heads: TwoHeads, content: bytes, tokens: Int[Tensor, "one position"]) -> None:
    with torch.no_grad():
        expected = two_heads(tokens)
    for name, ours, theirs in zip(OUTPUTS, expected, run_exported(content, tokens), strict=True):
        difference = float(np.abs(ours.numpy() - theirs).max())
        if difference > AGREEMENT:
            raise ExportError(
                f"got {name} {difference:.2g} apart from torch for {tokens.shape[1]} tokens, expected at most {AGREEMENT}; "
                "the exported graph is not the model"
            )
