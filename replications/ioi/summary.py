"""From what was read off the model to the rows and points of the result files."""

import numpy as np

from replications.ioi.correlation import pearson
from replications.ioi.estimates import Halves, pick_heads, relative
from replications.ioi.movers import Head, Movers
from replications.ioi.observations import CopyReadings, EndReadings
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow, Points


def tabulate_heads(movers: Movers, readings: EndReadings, copying: CopyReadings, halves: Halves) -> list[HeadRow]:
    """Returns one row per head, in the order of layers and heads."""
    half, difference = halves.describing, readings.logit_difference
    effect = relative(readings.effects[halves.finding], difference[halves.finding])
    held_out = relative(readings.effects[half], difference[half])
    roles = {**dict.fromkeys(movers[0], NAME_MOVER), **dict.fromkeys(movers[1], NEGATIVE_NAME_MOVER)}
    attention = np.concatenate([readings.attention_io[half], readings.attention_s[half]])
    projection = np.concatenate([readings.projection_io[half], readings.projection_s[half]])
    return [
        HeadRow(
            layer=layer,
            head=head,
            role=roles.get(Head(layer, head), ""),
            effect=float(effect[layer, head]),
            held_out_effect=float(held_out[layer, head]),
            attention_io=float(readings.attention_io[half][:, layer, head].mean()),
            attention_s=float(readings.attention_s[half][:, layer, head].mean()),
            correlation=pearson(attention[:, layer, head], projection[:, layer, head]),
            copy_score=float(copying.copied[:, layer, head].mean()),
            negative_copy_score=float(copying.copied_negatively[:, layer, head].mean()),
        )
        for layer, head in np.ndindex(effect.shape)
    ]


def select_points(movers: Movers, readings: EndReadings, halves: Halves) -> Points:
    """Returns the points of all movers."""
    heads = [*movers.name_movers, *movers.negative_name_movers]
    pick = pick_heads(heads)
    names = ("attention_io", "projection_io", "attention_s", "projection_s")
    columns = {name: pick(getattr(readings, name))[halves.describing] for name in names}
    return Points(heads, readings.logit_difference, **columns)
