"""Tables of the page, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from replications.monosemanticity.records import SWEEP, ContextRow, DictionaryRow, FeatureRow

DENSITIES = (0.01, 0.001, 0.0001, 0.00001, 0.0)  # least densities of the groups of features, the most active first
PROMPT_CHARACTERS, SAMPLE_CHARACTERS = 60, 240  # shown of each text


def tabulate_dictionaries(rows: Sequence[DictionaryRow]) -> str:
    """Returns the dictionaries as a table, without those of the sweep."""
    head = ("dictionary", "features", "vectors", "active per token", "dead", "ultralow", "unexplained",
            "loss recovered", "of the mean")  # fmt: skip
    body = [
        (row.name, f"{row.features:,}", f"{row.vectors / 1e6:g} M", f"{row.active:.1f}",
         f"{row.dead / row.features:.1%}",
         f"{row.ultralow / row.features:.1%}", f"{row.unexplained:.2f}", _share(row.recovered),
         _share(row.recovered_of_mean))
        for row in rows if not row.name.startswith(SWEEP)
    ]  # fmt: skip
    return _table(head, body)


def tabulate_contexts(rows: Sequence[ContextRow]) -> str:
    """Returns the specific features as a table."""
    head = ("context", "share of all tokens", "feature", "active on", "of them in context", "when strong", "Pearson",
            "best neuron", "match in B", "logits of both", "typical logits")  # fmt: skip
    body = [
        (row.context, f"{row.base_rate:.2%}", str(row.feature), f"{row.active:,} tokens", f"{row.share:.0%}",
         f"{row.share_strong:.0%}", f"{row.pearson:.2f}", f"{row.neuron_pearson:.2f} (neuron {row.neuron})",
         f"{row.match_pearson:.2f}", f"{row.match_logits:.2f}", f"{row.typical_logits:.0%} ({row.typical_tokens:.0%})")
        for row in rows
    ]  # fmt: skip
    return _table(head, body)


def tabulate_by_density(rows: Sequence[FeatureRow]) -> str:
    """Returns how the features of A/1 match others, by how often they are active, as a table."""
    head = ("active on", "features", "best match in B/1", "in the random transformer", "cosine with A/0")
    body, above = [], 1.0
    for least in DENSITIES:
        group = [row for row in rows if least <= row.density < above and row.density > 0]
        typical = (
            f"{median(getattr(row, name) for row in group):.2f}" if group else "–"
            for name in ("match_pearson", "random_pearson", "parent_cosine")
        )
        label = f"at least 1 token in {1 / least:,.0f}" if least else f"fewer than 1 in {1 / above:,.0f}"
        body.append((label, f"{len(group):,}", *typical))
        above = least
    return _table(head, body)


def tabulate_samples(samples: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Returns the first sampled text of each context as a table."""
    body = [
        (context, texts[0]["prompt"][-PROMPT_CHARACTERS:], texts[0]["clean"][:SAMPLE_CHARACTERS],
         texts[0]["held"][:SAMPLE_CHARACTERS])
        for context, texts in samples.items()
        if texts
    ]  # fmt: skip
    return _table(("context", "prompt (its end)", "without", "with the feature held"), body, code_from=1)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _table(head: Sequence[str], body: Sequence[Sequence[str]], code_from: int | None = None) -> str:
    """Returns a table; cells from column `code_from` on are code, with their line breaks."""

    def cell(place: int, text: str) -> str:
        safe = escape(text)
        if code_from is not None and place >= code_from:
            safe = f"<code>{safe}</code>".replace("\n", "<br>")
        return f'<th scope="row">{safe}</th>' if place == 0 else f"<td>{safe}</td>"

    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    rows = "".join(f"<tr>{''.join(cell(place, text) for place, text in enumerate(row))}</tr>" for row in body)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"
