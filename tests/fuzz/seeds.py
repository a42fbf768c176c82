"""Small valid files to start from, and the words that mean something to their readers."""

from bibliography import schema

SUMMARY = (
    "What is the question? Something is done about it, with care and with a control that the\n    authors describe at "
    "length. Something is found, and it is 42 in the setting of the paper.\n    A reader of this list should care."
)

# Of an entry with as many fields as may stand together.
FIELDS = {
    "title": r"Editing Factual Knowledge in {GPT}-2: $k$-Sparse \emph{Updates}",
    "author": r"Hopper, Grace and B{\"u}rger, {\L}ukasz and {Some Lab}",
    "editor": "Ng, Ann and Lee, Bo",
    "booktitle": "Proceedings of a Conference",
    "series": "Lecture Notes",
    "volume": "7",
    "pages": "6491--6506",
    "publisher": r"Press \& Co",
    "year": "2021",
    "doi": "10.18653/v1/2021.emnlp-main.522",
    "eprint": "2104.08164",
    "archiveprefix": "arXiv",
    "url": "https://aclanthology.org/2021.emnlp-main.522/",
    "code": "https://github.com/nicola-decao/KnowledgeEditor",
    "alias": "KE | KnowledgeEditor",
    "topics": "limits, model-editing",
    "methods": "hypernetwork",
    "related": "hopper2025tracer",
    "summary": SUMMARY,
}

TOOL = f"""@online{{hopper2025tracer,
  title = {{Open-Sourcing Circuit Tracing Tools}},
  author = {{Hopper, Grace}},
  howpublished = {{Research blog}},
  year = {{2025}},
  date = {{2025-05-29}},
  url = {{https://www.anthropic.com/research/open-source-circuit-tracing}},
  topics = {{limits}},
  related = {{hopper2021editing}},
  summary = {{{SUMMARY}}},
}}
"""

OUTLINE = """sections:
- slug: editing
  title: Model editing
  introduction: >
    What editing
    is about.
  keys:
  - hopper2021editing
  sections:
  - {slug: fast-editing, title: Fast, introduction: "Faster.", keys: []}
- slug: tools
  title: Tools
  introduction: Software and articles.
  keys: [hopper2025tracer]
"""

VOCABULARY = """topics:
  limits: Failures and disputes.
  model-editing: Changing what a model knows.
methods:
  hypernetwork: A network that predicts weights.
"""

KEYS = [f"hopper202{number}editing" for number in range(10)]
STEPS = "".join(f"\n  - {{key: {key}, why: It comes next.}}" for key in KEYS[:6])
READING_PATHS = f"paths:\n- slug: first\n  title: First\n  introduction: >\n    What it is about.\n  steps:{STEPS}\n"

CLAIMS = """paper: someone2020word
settings:
  small: {scale: reduced, note: a test}
  paper: {scale: paper, note: "the paper's own"}
claims:
- id: the-claim
  statement: A number is large.
  where: § 1
  unit: "1"
  paper_value: 10
  read: figure
  reading_error: 0.5
  expect:
    small: {at_least: 5, partly: {between: [2, 5]}}
    paper: {close: {rel: 0.1}}
  because: drawn for a test
controls:
- id: random
  statement: It is not.
  unit: nats
  expect: {small: {at_most: 1.5}, paper: {not_attempted: why}}
  because: b
not_attempted:
- {where: § 4, what: more, why: too large}
deviations:
- {id: smaller, what: a, why: b, effect: c}
"""

PARAMS = """run: [small] # the settings that run
settings:
  small: {workers: 2}
measure:
  seed: 0
  rate: 0.25
  name: words
  is_exact: true
  widths: [1, 2]
  sizes: {"2": [400, 800], "3": [80]}
"""

WORDS = [
    *(f"\n  {name} = {{" for name in schema.FIELDS), *(f"@{name}{{" for name in schema.REQUIRED_FIELDS),
    "},\n", "}\n\n@", "@comment{", "@string{", "@preamble{", " and ", "{", "}", "\\", "$", "%", "#", '"', "~", "--",
    "\\emph{", "\\url{", '\\"{u}', "\\'", "\\foo", "\\mathbb{", "\\alpha", "TODO", "others", "hopper2021editing",
    "\n- ", "\n  ", ": ", " #", "[", "]", "&a ", "*a", "? ", "<<: ", "!!int ", "!!python/name:os.system ", "|\n",
    ">-\n", "---\n", "...\n", "%YAML 1.1\n", "2020-99-99", "0o7", "0x", "1_000", "1:30", "1e999", ".nan", "-.inf",
    "null", "yes", "9" * 5000, "[" * 2000, "{" * 2000, "\x00", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800",
    "\t", "\r",
]  # fmt: skip
