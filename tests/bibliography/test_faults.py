"""Each test breaks one thing in a valid bibliography and reads the message that an editor would get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bibliography import BibliographyError, load_library
from bibliography.faults import quote, suggest

if TYPE_CHECKING:
    from conftest import Shelf

EDITING, TOOLS, OUTLINE, VOCABULARY = "entries/editing.bib", "entries/tools.bib", "outline.yml", "vocabulary.yml"
VOCABULARY_TEXT = """topics:
  limits: Failures and disputes.
  model-editing: Changing what a model knows.
methods:
  hypernetwork: A network that predicts weights.
"""

# What is broken; the file; what is replaced in it, and by what; the line and the message of the fault.
CASES = [
    ("a field stands twice", EDITING, "  volume = {7},\n",
     "  volume = {7},\n  volume = {8},\n", 6,
     "got volume again; expected each field once; do: keep the right one"),
    ("a brace is missing", EDITING, "booktitle = {Proceedings of a Conference},",
     "booktitle = {Proceedings of a Conference,", 1,
     "got an entry that cannot be parsed (Unexpected block start: `@article`. Was still looking for "
     "field-value closing `,` or `}`); expected @type{key, fields, and a closing } alone on its line; do: "
     "look for a missing brace, comma or = in this entry or just before it"),
    ("a comma is missing", EDITING, "  volume = {7},",
     "  volume = {7}", 5,
     "got volume = '{7}\\n  pages = {6491--6506}'; expected one pair of braces around the value, and "
     "balanced braces in it; do: balance them (BibTeX counts \\{ and \\} too); use no quotes and no #"),
    ("an equals sign is missing", EDITING, "  volume = {7},",
     "  volume {7},", 1,
     "got an entry that cannot be parsed (Expected a `=` after entry key, but found `{`.); expected "
     "@type{key, fields, and a closing } alone on its line; do: look for a missing brace, comma or = in "
     "this entry or just before it"),
    ("the key is missing", EDITING, "@article{mitchell2022mend,",
     "@article{", 22,
     "got an entry that cannot be parsed (Expected comma after entry key, but found =); expected "
     "@type{key, fields, and a closing } alone on its line; do: look for a missing brace, comma or = in "
     "this entry or just before it"),
    ("a string macro is defined", TOOLS, "@online",
     "@string{x = {y}}\n\n@online", 1,
     "got a @string, '@string{x = {y}}'; expected nothing but entries; do: delete it, or make it an entry"),
    ("a comment stands between entries", TOOLS, "@online",
     "@comment{jabref}\n\n@online", 1,
     "got a @comment, '@comment{jabref}'; expected nothing but entries; do: delete it, or make it an entry"),
    ("a preamble", TOOLS, "@online",
     '@preamble{"x"}\n\n@online', 1,
     'got a @preamble, \'@preamble{"x"}\'; expected nothing but entries; do: delete it, or make it an entry'),
    ("free text between entries", TOOLS, "@online",
     "% note to self\n\n@online", 1,
     "got text between entries, '% note to self'; expected nothing but entries; do: delete it, or make it "
     "an entry"),
    ("one key in two files", TOOLS, "@online{anthropic2025tracer",
     "@online{mitchell2022mend", 1,
     "got the key mitchell2022mend again; expected it once, as in entries/editing.bib:22; do: merge the "
     "two, or rename this one"),
    ("one key twice in a file", EDITING, "@article{mitchell2022mend",
     "@article{decao2021editing", 22,
     "got the key decao2021editing again; expected it once, as in entries/editing.bib:1; do: merge the "
     "two, or rename this one"),
    ("unknown type", EDITING, "@article",
     "@articel", 22,
     "got the type @articel; expected one of article, inproceedings, incollection, book, phdthesis, misc, "
     "online, software; do: choose the type that fits, perhaps 'article'"),
    ("upper-case type", EDITING, "@article",
     "@Article", 22,
     "got '@Article{mitchell2022mend,'; expected '@article{mitchell2022mend,'; do: write `  name = "
     "{value},` for every field, and the closing } alone on its line"),
    ("unknown field", EDITING, "  number = {3}",
     "  nubmer = {3}", 26,
     "got the unknown field 'nubmer'; expected a field of the format; do: rename or delete it, perhaps "
     "'number'"),
    ("missing required", EDITING, "  journal = {Journal of Edits},\n",
     "", 22,
     "got mitchell2022mend without journal; expected the field journal in @article; do: add journal"),
    ("volume and number", EDITING, "  volume = {7},\n",
     "  volume = {7},\n  number = {2},\n", 6,
     "got volume and number in @inproceedings; expected one of the two, or BibTeX warns; do: delete number, or make "
     "it an @article if the proceedings are a journal"),
    ("missing methods", EDITING, "  methods = {hypernetwork},\n  related = {mitchell2022mend},",
     "  related = {mitchell2022mend},", 1,
     "got decao2021editing without methods; expected the field methods in @inproceedings; do: add methods"),
    ("empty value", EDITING, "number = {3}",
     "number = {}", 26,
     "got an empty number; expected a value; do: fill in or delete number"),
    ("braces only", EDITING, "number = {3}",
     "number = {{}}", 26,
     "got number = '{}'; expected a text that shows; do: fill in or delete number"),
    ("key form", EDITING, "mitchell2022mend,",
     "Mitchell2022,", 22,
     "got the key 'Mitchell2022'; expected surnameYEARword in lower-case ASCII; do: rename it, also in "
     "outline.yml and related"),
    ("key year", EDITING, "  year = {2022}",
     "  year = {2021}", 27,
     "got year = '2021'; expected 2022, the year in mitchell2022mend; do: correct year, or rename the key"),
    ("key author", EDITING, "author = {Mitchell, Eric}",
     "author = {Lin, Charles and Mitchell, Eric}", 24,
     "got the key mitchell2022mend; expected it to start with the first author's name, lin; do: check the "
     "order of the authors, or rename the key"),
    ("others", EDITING, "{Mitchell, Eric}",
     "{Mitchell, Eric and others}", 24,
     "got the name 'others' in author; expected names as `Family, Given` joined by ` and `, organisations "
     'in a second pair of braces; do: name every author; never "others"'),
    ("a name without a comma", EDITING, "{Mitchell, Eric}",
     "{Mitchell, Eric and Charles Lin}", 24,
     "got the name 'Charles Lin' in author; expected names as `Family, Given` joined by ` and `, "
     "organisations in a second pair of braces; do: write it so"),
    ("an and without a name", EDITING, "{Mitchell, Eric}",
     "{Mitchell, Eric and}", 24,
     "got the name '' in author; expected names as `Family, Given` joined by ` and `, organisations in a "
     "second pair of braces; do: write it so"),
    ("year form", EDITING, "year = {2022}",
     "year = {in press}", 27,
     "got year = 'in press'; expected four digits; do: write the year of the published version"),
    ("doi url", EDITING, "doi = {10.",
     "doi = {https://doi.org/10.", 8,
     "got doi = 'https://doi.org/10.18653/v1/2021.emnlp-main.522'; expected a publisher's DOI such as "
     "10.1162/neco.1992.4.2.196; do: drop https://doi.org/, and leave out DOIs of arXiv (10.48550): eprint"
     " says it already"),
    ("arxiv doi", EDITING, "doi = {10.18653/v1/2021.emnlp-main.522}",
     "doi = {10.48550/arXiv.2104.08164}", 8,
     "got doi = '10.48550/arXiv.2104.08164'; expected a publisher's DOI such as 10.1162/neco.1992.4.2.196;"
     " do: drop https://doi.org/, and leave out DOIs of arXiv (10.48550): eprint says it already"),
    ("eprint version", EDITING, "eprint = {2104.08164}",
     "eprint = {2104.08164v2}", 9,
     "got eprint = '2104.08164v2'; expected an arXiv identifier such as 2211.00593 or cs/0112017; do: drop"
     " arXiv: and the version"),
    ("archiveprefix", EDITING, "archiveprefix = {arXiv}",
     "archiveprefix = {bioRxiv}", 10,
     "got archiveprefix = 'bioRxiv'; expected arXiv; do: write archiveprefix = {arXiv}"),
    ("eprint without archiveprefix", EDITING, "  archiveprefix = {arXiv},\n",
     "", 9,
     "got only eprint; expected eprint and archiveprefix together; do: add the other, or delete this one"),
    ("a javascript address", EDITING, "url = {https://aclanthology.org/2021.emnlp-main.522/}",
     "url = {javascript:alert(1)}", 11,
     "got url = 'javascript:alert(1)'; expected an address that starts with http:// or https:// and has no"
     " white space; do: copy the address of the page; percent-encode unusual characters"),
    ("a data address", EDITING, "code = {https://github.com/nicola-decao/KnowledgeEditor}",
     "code = {data:text/html,<b>x</b>}", 12,
     "got code = 'data:text/html,<b>x</b>'; expected an address that starts with http:// or https:// and "
     "has no white space; do: copy the address of the page; percent-encode unusual characters"),
    ("space in url", EDITING, "url = {https://arxiv.org/abs/2110.11309}",
     "url = {https://arxiv.org/abs/2110.11309 x}", 30,
     "got url = 'https://arxiv.org/abs/2110.11309 x'; expected an address that starts with http:// or "
     "https:// and has no white space; do: copy the address of the page; percent-encode unusual characters"),
    ("html in url", EDITING, "url = {https://arxiv.org/abs/2110.11309}",
     'url = {https://arxiv.org/"onload=x}', 30,
     'got url = \'https://arxiv.org/"onload=x\'; expected an address that starts with http:// or https:// '
     "and has no white space; do: copy the address of the page; percent-encode unusual characters"),
    ("same doi", EDITING, "  eprint = {2110.11309}",
     "  doi = {10.18653/V1/2021.emnlp-main.522},\n  eprint = {2110.11309}", 28,
     "got the doi 10.18653/V1/2021.emnlp-main.522 again; expected it once, as in decao2021editing "
     "(entries/editing.bib:8); do: correct the wrong one, or merge the two entries"),
    ("same eprint", EDITING, "eprint = {2110.11309}",
     "eprint = {2104.08164}", 28,
     "got the eprint 2104.08164 again; expected it once, as in decao2021editing (entries/editing.bib:9); "
     "do: correct the wrong one, or merge the two entries"),
    ("non-ascii", EDITING, 'B{\\"u}rger',
     "Bürger", 3,
     'got \'ü\' in author; expected only ASCII; do: write the accent or symbol as LaTeX, such as {\\"u}'),
    ("escaped brace", EDITING, "{Fast Model Editing}",
     "{Fast \\{ Model Editing}", 23,
     "got title = '{Fast \\\\{ Model Editing}'; expected one pair of braces around the value, and balanced "
     "braces in it; do: balance them (BibTeX counts \\{ and \\} too); use no quotes and no #"),
    ("bidi", EDITING, "{Fast Model",
     "{Fast\u202e Model", 23,
     "got U+202E (RIGHT-TO-LEFT OVERRIDE), 1 in all; expected visible characters and spaces; do: delete "
     "it; indent with spaces, end lines with a newline only"),
    ("tab", EDITING, "  number = {3}",
     "\tnumber = {3}", 26,
     "got U+0009 (a control character), 1 in all; expected visible characters and spaces; do: delete it; "
     "indent with spaces, end lines with a newline only"),
    ("carriage returns", TOOLS, "  year = {2025},\n",
     "  year = {2025},\r\n", 5,
     "got U+000D (a control character), 1 in all; expected visible characters and spaces; do: delete it; "
     "indent with spaces, end lines with a newline only"),
    ("a byte order mark", TOOLS, "@online",
     "\ufeff@online", 1,
     "got U+FEFF (ZERO WIDTH NO-BREAK SPACE), 1 in all; expected visible characters and spaces; do: delete"
     " it; indent with spaces, end lines with a newline only"),
    ("two fields a line", EDITING, "  number = {3},\n",
     "  number = {3}, ", 26,
     "got '  number = {3},   year = {2022},'; expected '  number = {3},'; do: write `  name = {value},` "
     "for every field, and the closing } alone on its line"),
    ("indent", EDITING, "  number = {3},",
     "    number = {3},", 26,
     "got '    number = {3},'; expected '  number = {3},'; do: write `  name = {value},` for every field, "
     "and the closing } alone on its line"),
    ("quotes", EDITING, "number = {3}",
     'number = "3"', 26,
     'got number = \'"3"\'; expected one pair of braces around the value, and balanced braces in it; do: '
     "balance them (BibTeX counts \\{ and \\} too); use no quotes and no #"),
    ("values joined by a hash", EDITING, "number = {3}",
     "number = {3} # {4}", 26,
     "got number = '{3} # {4}'; expected one pair of braces around the value, and balanced braces in it; "
     "do: balance them (BibTeX counts \\{ and \\} too); use no quotes and no #"),
    ("parentheses instead of braces", TOOLS, "@online{",
     "@online(", 1,
     "got an entry that cannot be parsed (Expected a `=` after entry key, but found `}`.); expected "
     "@type{key, fields, and a closing } alone on its line; do: look for a missing brace, comma or = in "
     "this entry or just before it"),
    ("continuation", TOOLS, "    authors describe",
     "  authors describe", 11,
     "got '  authors describe at length. Something is found, and it is 42 in the s…' inside summary; "
     "expected a continuation line; do: indent it by four spaces"),
    ("no blank line between entries", EDITING, "}\n\n@article",
     "}\n@article", 21,
     "got '@article{mitchell2022mend,'; expected an empty line; do: put exactly one blank line between "
     "entries and no other white space around them"),
    ("trailing space", TOOLS, "\n}\n",
     "\n}\n\n", 15,
     "got an empty line; expected the end; do: put exactly one blank line between entries and no other "
     "white space around them"),
    ("topic", EDITING, "{model-editing}",
     "{model-edits}", 31,
     "got 'model-edits' in topics; expected words of vocabulary.yml in topics; do: use one of its words, "
     "perhaps 'model-editing', or add this one there"),
    ("method", EDITING, "{hypernetwork}",
     "{hyper-network}", 15,
     "got 'hyper-network' in methods; expected words of vocabulary.yml in methods; do: use one of its "
     "words, perhaps 'hypernetwork', or add this one there"),
    ("topic twice", EDITING, "{model-editing}",
     "{model-editing, model-editing}", 31,
     "got 'model-editing' twice in topics; expected each once; do: delete one"),
    ("related unknown", EDITING, "{decao2021editing, anth",
     "{decao2021editting, anth", 33,
     "got the unknown key 'decao2021editting' in related; expected keys of entries; do: correct or delete "
     "it, perhaps 'decao2021editing'"),
    ("related self", EDITING, "{decao2021editing, anth",
     "{mitchell2022mend, anth", 33,
     "got mitchell2022mend related to itself; expected keys of other papers; do: delete mitchell2022mend "
     "from related"),
    ("related twice", EDITING, "{decao2021editing, anth",
     "{anthropic2025tracer, anth", 33,
     "got 'anthropic2025tracer' twice in related; expected each once; do: delete one"),
    ("unknown macro", EDITING, "{Fast Model Editing}",
     "{Fast \\foo{Model} Editing}", 23,
     "got the unknown command \\foo in title; expected LaTeX of letters, accents, symbols and mathematics "
     "in $…$; do: write it more simply; a special character takes a backslash"),
    ("percent", EDITING, "{Fast Model Editing}",
     "{Fast 10% Editing}", 23,
     "got an unescaped % (the rest of the line is a comment) in title; expected LaTeX of letters, accents,"
     " symbols and mathematics in $…$; do: write it more simply; a special character takes a backslash"),
    ("math open", EDITING, "{Fast Model Editing}",
     "{Fast $k Editing}", 23,
     "got Unexpected end of stream, was expecting '$' @(1,15) in title; expected LaTeX of letters, "
     "accents, symbols and mathematics in $…$; do: write it more simply; a special character takes a "
     "backslash"),
    ("underscore", EDITING, "{Fast Model Editing}",
     "{Fast a_b Editing}", 23,
     "got an unescaped _ outside mathematics in title; expected LaTeX of letters, accents, symbols and "
     "mathematics in $…$; do: write it more simply; a special character takes a backslash"),
    ("a date in an article", EDITING, "  number = {3},",
     "  number = {3},\n  date = {2022-01-01},", 27,
     "got date in @article; expected date only in @online and @software; do: keep only year"),
    ("date year", TOOLS, "{2025-05-29}",
     "{2024-05-29}", 6,
     "got date = '2024-05-29'; expected a date in the year '2025'; do: make date and year agree"),
    ("no such day", TOOLS, "{2025-05-29}",
     "{2025-02-30}", 6,
     "got date = '2025-02-30'; expected a day that exists; do: correct it"),
    ("date form", TOOLS, "{2025-05-29}",
     "{29 May 2025}", 6,
     "got date = '29 May 2025'; expected YYYY-MM-DD or YYYY-MM; do: write the date of publication, without"
     " a time"),
    ("a key of the outline without an entry", OUTLINE, "  - decao2021editing\n",
     "  - decao2021editing\n  - decao2021edits\n", 9,
     "got the key 'decao2021edits' without an entry; expected keys of entries; do: write the entry, or "
     "correct the key, perhaps 'decao2021editing'"),
    ("key twice in outline", OUTLINE, "  - decao2021editing\n",
     "  - decao2021editing\n  - mitchell2022mend\n", 14,
     "got 'mitchell2022mend' again; expected it once, as on line 9; do: delete or rename one of the two"),
    ("one slug twice", OUTLINE, "slug: fast-editing",
     "slug: tools", 14,
     "got 'tools' again; expected it once, as on line 10; do: delete or rename one of the two"),
    ("bad slug", OUTLINE, "slug: fast-editing",
     "slug: Fast Editing", 10,
     "got the slug 'Fast Editing'; expected a slug of lower-case words joined by hyphens; do: rename it"),
    ("unknown yaml key", OUTLINE, "    introduction: Faster.",
     "    intro: Faster.", 12,
     "got the unknown key 'intro'; expected only introduction, keys, sections, slug, title in a section; "
     "do: rename or delete it"),
    ("title number", OUTLINE, "title: Fast",
     "title: 42", 11,
     "got '42'; expected title as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("keys as text", OUTLINE, "keys: [mitchell2022mend]",
     "keys: mitchell2022mend", 13,
     "got 'mitchell2022mend'; expected keys as a list; do: write it so, in quotes where YAML takes it "
     "otherwise"),
    ("yaml syntax", OUTLINE, "keys: [mitchell2022mend]",
     "keys: [mitchell2022mend", 14,
     "got expected ',' or ']', but got ':' while parsing a flow sequence; expected plain YAML; do: mend "
     "the syntax, indentation first"),
    ("yaml alias", OUTLINE, "keys: [mitchell2022mend]",
     "keys: *x", 13,
     "got an alias (*); expected plain YAML; do: mend the syntax, indentation first"),
    ("one key of a section twice", OUTLINE, "    title: Fast\n",
     "    title: Fast\n    title: Slow\n", 12,
     "got 'title' a second time; expected each key once; do: delete one"),
    ("vocab section", VOCABULARY, "methods:",
     "method:", 4,
     "got the unknown key 'method'; expected only methods, topics in the vocabulary; do: rename or delete "
     "it, perhaps 'methods'"),
    ("vocab empty meaning", VOCABULARY, "A network that predicts weights.",
     "", 5,
     "got ''; expected the meaning of hypernetwork as a text; do: write it so, in quotes where YAML takes "
     "it otherwise"),
    ("vocab word", VOCABULARY, "  limits:",
     "  Limits of All:", 2,
     "got the word 'Limits of All'; expected lower-case words joined by hyphens; do: rename it, also in "
     "the entries"),
    ("both vocabulary lists are missing", VOCABULARY, VOCABULARY_TEXT, "words: {}", 1,
     "got the vocabulary without methods; expected the key methods; do: add methods"),
    ("a vocabulary of no mapping", VOCABULARY, VOCABULARY_TEXT, "- limits", 1,
     "got a list; expected the vocabulary as a mapping (key: value); do: write it so, in quotes where YAML takes it "
     "otherwise"),
    ("a section of no mapping", OUTLINE, "- slug: tools\n", "- tools\n- slug: tools\n", 14,
     "got 'tools'; expected a section as a mapping (key: value); do: write it so, in quotes where YAML takes it "
     "otherwise"),
    ("a title of several", OUTLINE, "title: Fast", "title: {a: b}", 11,
     "got a mapping; expected title as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("a key of no text", OUTLINE, "keys: [mitchell2022mend]", "keys: [[mitchell2022mend]]", 13,
     "got a list; expected a key as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("a name of a part that is no text", OUTLINE, "    title: Fast", "    title: Fast\n    7: x", 12,
     "got '7'; expected a key of a section as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("sections of no list", OUTLINE, "  sections:\n  - slug: fast-editing\n    title: Fast\n    introduction: Faster.\n"
     "    keys: [mitchell2022mend]\n", "  sections: 7\n", 9,
     "got '7'; expected sections as a list; do: write it so, in quotes where YAML takes it otherwise"),
    ("no sections at all", OUTLINE, "sections:\n- slug: editing", "section:\n- slug: editing", 1,
     "got the outline without sections; expected the key sections; do: add sections"),
    ("a section without a title", OUTLINE, "    title: Fast\n", "", 10,
     "got a section without title; expected the key title; do: add title"),
    ("a section without an introduction", OUTLINE, "    introduction: Faster.\n", "", 10,
     "got a section without introduction; expected the key introduction; do: add introduction"),
    ("a section without a slug", OUTLINE, "- slug: tools\n  title", "- title", 14,
     "got a section without slug; expected the key slug; do: add slug"),
    ("a section without keys", OUTLINE, "    keys: [mitchell2022mend]\n", "", 10,
     "got a section without keys; expected the key keys; do: add keys"),
    ("a slug that is a number", OUTLINE, "slug: tools", "slug: 7", 14,
     "got '7'; expected slug as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("an introduction that is a list", OUTLINE, "introduction: Faster.", "introduction: [Faster.]", 12,
     "got a list; expected introduction as a text; do: write it so, in quotes where YAML takes it otherwise"),
    ("topics of no mapping", VOCABULARY, VOCABULARY_TEXT, "topics: [limits]\nmethods: {}\n", 1,
     "got a list; expected topics as a mapping (key: value); do: write it so, in quotes where YAML takes it "
     "otherwise"),
    ("YAML that no parser can begin", OUTLINE, "sections:", "%", 1,
     "got expected alphabetic or numeric character, but found '\\n' while scanning a directive; expected plain "
     "YAML; do: mend the syntax, indentation first"),
    ("a number still to be looked up", EDITING, "number = {3}", "number = {TODO}", 26,
     "got number = 'TODO'; expected the number of the publication; do: fill it in; `add` could not know it"),
    ("a summary still to be written", TOOLS, "{What is the question? Something",
     "{TODO, he\n    said: What", 10,
     "got summary = 'TODO, he said: What is done about it, with care and with a control that…'; expected 3 to 6 "
     "sentences in your own words; do: fill it in; `add` could not know it"),
    ("topics still to be chosen", TOOLS, "topics = {limits}", "topics = {TODO}", 8,
     "got topics = 'TODO'; expected words of vocabulary.yml; do: fill it in; `add` could not know it"),
    ("methods still to be chosen", EDITING, "methods = {hypernetwork}", "methods = {TODO}", 15,
     "got methods = 'TODO'; expected words of vocabulary.yml; do: fill it in; `add` could not know it"),
    ("related papers still to be chosen", TOOLS, "related = {mitchell2022mend}", "related = {TODO}", 9,
     "got related = 'TODO'; expected keys of the papers to read next; do: fill it in; `add` could not know it"),
    ("braces in a text of our own", TOOLS, "topics = {limits}", "topics = {{limits}}", 8,
     "got topics = '{limits}'; expected plain text without braces and backslashes; do: write it as Unicode text"),
    ("a backslash in a text of our own", TOOLS, "with care", "with \\emph care", 10,
     "got summary = 'What is the question? Something is done about it, with \\\\emph care and w…'; expected plain text "
     "without braces and backslashes; do: write it as Unicode text"),
    ("an unknown command in a name", EDITING, "{Mitchell, Eric}", "{Mitchell, \\foo{Eric}}", 24,
     "got the unknown command \\foo in author; expected LaTeX of letters, accents, symbols and mathematics in $…$; do: "
     "write it more simply; a special character takes a backslash"),
    ("archiveprefix without eprint", EDITING, "  eprint = {2104.08164},\n", "", 9,
     "got only archiveprefix; expected eprint and archiveprefix together; do: add the other, or delete this one"),
    ("a year of another month than the date", TOOLS, "{2025-05-29}", "{2024-05}", 6,
     "got date = '2024-05'; expected a date in the year '2025'; do: make date and year agree"),
    ("an ampersand", EDITING, "{Fast Model Editing}", "{Fast & Model Editing}", 23,
     "got an unescaped & in title; expected LaTeX of letters, accents, symbols and mathematics in $…$; do: write it "
     "more simply; a special character takes a backslash"),
    ("a hash in the braces of a command", EDITING, "{Fast Model Editing}", "{\\emph{Fast # Model} Editing}", 23,
     "got an unescaped # outside mathematics in title; expected LaTeX of letters, accents, symbols and mathematics in "
     "$…$; do: write it more simply; a special character takes a backslash"),
    ("a hash in a group", EDITING, "{Fast Model Editing}", "{{Fast # Model} Editing}", 23,
     "got an unescaped # outside mathematics in title; expected LaTeX of letters, accents, symbols and mathematics in "
     "$…$; do: write it more simply; a special character takes a backslash"),
    ("a key of two names", EDITING, "author = {Mitchell, Eric}", "author = {van Lin, Charles}", 24,
     "got the key mitchell2022mend; expected it to start with the first author's name, lin or vanlin; do: check the "
     "order of the authors, or rename the key"),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "path", "old", "new", "line", "message"), CASES, ids=[case[0] for case in CASES])
def test_a_broken_bibliography_is_refused_with_place_and_remedy(
    shelf: Shelf, broken: str, path: str, old: str, new: str, line: int, message: str
) -> None:
    shelf.replace(path, old, new)
    assert f"{path}:{line}: {message}" in shelf.faults()


def test_a_summary_is_three_to_six_sentences_of_200_to_1200_characters(shelf: Shelf) -> None:
    summary = shelf.read(TOOLS).partition("summary = ")[2]
    shelf.replace(TOOLS, summary, "{Short. But. Three.},\n}\n")
    assert shelf.faults()[0].startswith(f"{TOOLS}:10: got a summary of 18 characters; expected 200 to 1200 characters")
    shelf.replace(TOOLS, "Short. But. Three.", "word " * 60 + "end, i.e. none.")
    assert shelf.faults()[0].startswith(f"{TOOLS}:10: got a summary of 1 sentences; expected 3 to 6 sentences")


def test_an_entry_that_the_outline_does_not_list_is_refused(shelf: Shelf) -> None:
    shelf.replace(OUTLINE, "    keys: [mitchell2022mend]", "    keys: []")
    assert shelf.faults() == [
        f"{EDITING}:22: got mitchell2022mend, which outline.yml does not list; "
        "expected every entry in one section; do: add the key to its section there"
    ]


def test_an_entry_in_the_file_of_another_section_is_refused(shelf: Shelf) -> None:
    shelf.replace(OUTLINE, "    keys: [mitchell2022mend]", "    keys: []")
    shelf.replace(OUTLINE, "keys: [anthropic2025tracer]", "keys: [anthropic2025tracer, mitchell2022mend]")
    assert shelf.faults() == [
        f"{EDITING}:22: got mitchell2022mend in this file; expected it in entries/tools.bib, the file of its section; "
        "do: move the entry, or its key in outline.yml"
    ]


def test_a_summary_at_either_end_of_what_is_allowed_is_taken(shelf: Shelf) -> None:
    for characters, sentences in ((200, 3), (1200, 6)):
        summary = "Why? " + "So it is. " * (sentences - 2)
        summary += "x" * (characters - len(summary) - 1) + "."
        shelf.write(TOOLS, f"{shelf.read(TOOLS).partition('summary = ')[0]}summary = {{{summary}}},\n}}\n")
        assert (len(summary), shelf.faults()) == (characters, [])
        shelf.replace(TOOLS, "Why? ", "Y? " if characters == 200 else "Why?! ")
        assert [fault.partition(";")[0] for fault in shelf.faults()] == [
            f"{TOOLS}:10: got a summary of {198 if characters == 200 else 1201} characters"
        ]


def test_sentences_end_with_their_stops_and_not_within_abbreviations(shelf: Shelf) -> None:
    start = shelf.read(TOOLS).partition("summary = ")[0]
    body = "x" * 170
    for summary, sentences in (
        (f'{body} e.g. this, i.e. that, cf. Fig. 1 vs. Eq. 2 of Li et al. (resp. 3). "So." (Yes?!)', None),
        (f"{body} of 1.5 and www.a.org. Two...", 2),
        (f"{body} a. b. c. d. e. f. g.", 7),
    ):
        shelf.write(TOOLS, f"{start}summary = {{{summary:<200}}},\n}}\n".replace("  }", "}"))
        got = [fault for fault in shelf.faults() if "sentences;" in fault]
        assert [fault.split(" got ")[1].partition(";")[0] for fault in got] == (
            [] if sentences is None else [f"a summary of {sentences} sentences"]
        )


def test_an_organisation_may_be_shortened_in_the_key_and_an_editor_is_decoded(shelf: Shelf) -> None:
    shelf.replace(TOOLS, "{{Anthropic Interpretability}}", '{{The {\\"U}ber Lab}}')
    shelf.replace(
        EDITING,
        "  booktitle =",
        "  editor = {{\\O}re, A.},\n  series = {Notes},\n  publisher = {Press},\n  booktitle =",
    )
    library = shelf.load()
    assert library["anthropic2025tracer"].authors[0].family == "The Über Lab"
    paper = library["decao2021editing"]
    assert [editor.display for editor in paper.editors] == ["A. Øre"]
    assert (paper.series, paper.publisher) == ("Notes", "Press")


def test_faults_are_sorted_and_printed_one_a_line(shelf: Shelf) -> None:
    shelf.replace(TOOLS, "topics = {limits}", "topics = {limit}")
    shelf.replace(EDITING, "  number = {3},", "  number = {},")
    with pytest.raises(BibliographyError) as error:
        load_library(shelf.root)
    assert str(error.value).split("\n") == [str(fault) for fault in error.value.faults]
    assert [(fault.path, fault.line) for fault in error.value.faults] == [(EDITING, 26), (TOOLS, 8)]


def test_a_long_value_is_shortened_in_its_message() -> None:
    assert quote("x" * 72) == f"'{'x' * 72}'"
    assert quote("x" * 73) == f"'{'x' * 71}…'"
    assert quote("a\n\u200b") == "'a\\n\\u200b'"


def test_names_are_suggested_that_begin_alike() -> None:
    assert suggest("tool", ["tools", "spool", "toll"]) == ", perhaps 'tools' or 'toll'"
    assert suggest("xyz", ["tools"]) == ""
    assert suggest("ab", ["abc", "abd", "abe", "abf"]).count("or") == 2


def test_a_list_nested_too_deeply_is_refused(shelf: Shelf) -> None:
    shelf.write(OUTLINE, "[" * 1000)
    assert shelf.faults() == [
        f"{OUTLINE}:1: got lists nested too deeply; expected plain YAML; do: mend the syntax, indentation first"
    ]


def test_each_hidden_character_is_named_once_where_it_first_stands(shelf: Shelf) -> None:
    shelf.replace(OUTLINE, "title: Fast", "title: Fast\u2029\u2028\u200b")
    shelf.replace(OUTLINE, "Software and articles.", "Software\u200b and articles.")
    remedy = (
        "; expected visible characters and spaces; do: delete it; indent with spaces, end lines with a newline only"
    )
    assert shelf.faults() == [
        f"{OUTLINE}:11: got U+200B (ZERO WIDTH SPACE), 2 in all{remedy}",
        f"{OUTLINE}:11: got U+2028 (LINE SEPARATOR), 1 in all{remedy}",
        f"{OUTLINE}:11: got U+2029 (PARAGRAPH SEPARATOR), 1 in all{remedy}",
    ]


def test_a_hidden_character_that_is_dropped_causes_no_other_fault(shelf: Shelf) -> None:
    shelf.replace(TOOLS, "{limits}", "{lim\u200bits}")
    assert [fault.partition(" (")[0] for fault in shelf.faults()] == [f"{TOOLS}:8: got U+200B"]


def test_bytes_that_are_no_text_do_not_hide_other_faults(shelf: Shelf) -> None:
    broken = shelf.read(TOOLS).replace("{limits}", "{limit}").encode().replace(b"42", b"\xe9\n\xe9")
    (shelf.root / TOOLS).write_bytes(broken)
    places = [fault.partition(";")[0] for fault in shelf.faults()]
    assert f"{TOOLS}:11: got the byte 0xe9" in places
    (shelf.root / TOOLS).write_bytes(b"\xff" + shelf.read(EDITING).encode())
    assert f"{TOOLS}:1: got the byte 0xff; expected UTF-8; do: save the file as UTF-8" in shelf.faults()
    assert any("the key decao2021editing again" in fault for fault in shelf.faults())


def test_a_file_that_cannot_be_opened_does_not_hide_other_faults(shelf: Shelf) -> None:
    (shelf.root / "entries" / "a.bib").mkdir()
    shelf.replace(TOOLS, "{limits}", "{limit}")
    first, second = shelf.faults()
    assert first == (
        "entries/a.bib:1: got is a directory; expected a readable file; do: create it, or mend its permissions"
    )
    assert second.startswith(f"{TOOLS}:8: got 'limit' in topics")


def test_one_missing_brace_costs_one_message(shelf: Shelf) -> None:
    shelf.replace(EDITING, "{Proceedings of a Conference}", "{Proceedings of a Conference")
    assert [fault.split(" (")[0] for fault in shelf.faults()] == [f"{EDITING}:1: got an entry that cannot be parsed"]


def test_every_fault_is_reported_at_once_in_order(shelf: Shelf) -> None:
    shelf.replace(EDITING, "  number = {3},", "  number = {},")
    shelf.replace(EDITING, "year = {2022}", "year = {2020}")
    shelf.replace(TOOLS, "topics = {limits}", "topics = {limit}")
    places = [fault.split(": ")[0] for fault in shelf.faults()]
    assert places == [f"{EDITING}:26", f"{EDITING}:27", f"{TOOLS}:8"]


def test_a_file_that_is_not_utf8_is_refused(shelf: Shelf) -> None:
    (shelf.root / TOOLS).write_bytes(shelf.read(TOOLS).encode().replace(b"42", b"\xe9"))
    assert shelf.faults()[0] == f"{TOOLS}:11: got the byte 0xe9; expected UTF-8; do: save the file as UTF-8"


def test_a_file_without_entries_is_refused(shelf: Shelf) -> None:
    shelf.write("entries/empty.bib", "")
    assert shelf.faults() == [
        "entries/empty.bib:1: got a file without entries; expected at least one; do: delete the file"
    ]


def test_more_than_sixty_entries_in_a_file_are_refused(shelf: Shelf) -> None:
    tracer = shelf.read(TOOLS)
    keys = [f"anthropic2025tracer{number}" for number in range(60)]
    shelf.write(TOOLS, "\n".join([tracer, *(tracer.replace("anthropic2025tracer", key) for key in keys)]))
    shelf.replace(OUTLINE, "[anthropic2025tracer]", f"[anthropic2025tracer, {', '.join(keys)}]")
    [fault] = shelf.faults()
    line = shelf.read(TOOLS).count("\n", 0, shelf.read(TOOLS).index(f"{{{keys[-1]},")) + 1
    assert fault == (
        f"{TOOLS}:{line}: got 61 entries in one file; expected at most 60; do: split the section and its file"
    )


@pytest.mark.parametrize("path", [OUTLINE, VOCABULARY])
def test_without_outline_or_vocabulary_that_is_the_only_fault(shelf: Shelf, path: str) -> None:
    (shelf.root / path).unlink()
    assert shelf.faults() == [
        f"{path}:1: got no such file or directory; expected a readable file; do: create it, or mend its permissions"
    ]
    shelf.write(path, "# nothing yet\n")
    assert shelf.faults() == [
        f"{path}:1: got an empty file; expected plain YAML; do: mend the syntax, indentation first"
    ]


def test_a_word_of_the_vocabulary_that_nobody_uses_is_no_fault(shelf: Shelf) -> None:
    shelf.replace(VOCABULARY, "topics:\n", "topics:\n  reasoning: Thinking in steps.\n")
    assert shelf.faults() == []
