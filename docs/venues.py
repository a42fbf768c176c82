"""Short names of venues, for filters and search, by explicit rules; a venue that none matches keeps its name."""

import re

# Looked for in the venue as the entry gives it, in this order. A workshop is not the conference it is held at.
_RULES = [
    (r"\bWorkshop\b(?!: Analyzing)", None),
    (r"^Advances in Neural Information Processing Systems$", "NeurIPS"),
    (r"\bInternational Conference on Learning Representations$", "ICLR"),
    (r"\bInternational Conference on Machine Learning$", "ICML"),
    (r"\bNations of the Americas Chapter of the Association for Computational Linguistics\b", "NAACL"),
    (r"\bEuropean Chapter of the Association for Computational Linguistics\b", "EACL"),
    (r"\bAnnual Meeting of the Association for Computational Linguistics\b", "ACL"),
    (r"\bConference on Empirical Methods in Natural Language Processing$", "EMNLP"),
    (r"\bBlackboxNLP Workshop\b", "BlackboxNLP"),
    (r"\bInternational Conference on Artificial Intelligence and Statistics$", "AISTATS"),
    (r"\bInternational Joint Conference on Artificial Intelligence$", "IJCAI"),
    (r"\bAAAI/ACM Conference on AI, Ethics, and Society$", "AIES"),
    (r"\bAAAI Conference on Artificial Intelligence$", "AAAI"),
    (r"\bConference on Uncertainty in Artificial Intelligence$", "UAI"),
    (r"\bConference on Causal Learning and Reasoning$", "CLeaR"),
    (r"\bSIGKDD International Conference\b", "KDD"),
    (r"\bConference on Language Modeling$", "COLM"),
    (r"\bECCV\b", "ECCV"),
    (r"\bISBI\b", "ISBI"),
    (r"^Proceedings of the National Academy of Sciences$", "PNAS"),
    (r"^Transactions on Machine Learning Research$", "TMLR"),
    (r"^Journal of Machine Learning Research$", "JMLR"),
    (r"^arXiv preprint$", "arXiv"),
]


def shorten_venue(venue: str) -> str:
    """Returns the name by which the field calls a venue, such as "ICLR"; unknown ones come back unchanged."""
    for pattern, short in _RULES:
        if re.search(pattern, venue):
            return short or venue
    return venue
