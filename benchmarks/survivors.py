"""Tells in a line what became of the code in each mutant: run by `mutants.py` in mutmut's own environment and folder.

Reads a JSON list of names of mutants from standard input, and writes a JSON list of their lines.
"""

import json
import sys

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.utils.format_utils import orig_function_and_class_names_from_key


def tell(mutant: str) -> str:
    """Returns the function and the lines that changed, such as ``split: `depth += 1` became `depth -= 1` ``."""
    function, kind = orig_function_and_class_names_from_key(mutant)
    diff = get_diff_for_mutant(mutant).splitlines()[2:]
    was, became = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    return f"{f'{kind}.' if kind else ''}{function}: `{was}` became `{became}`"


if __name__ == "__main__":
    print(json.dumps([tell(mutant) for mutant in json.load(sys.stdin)]))
