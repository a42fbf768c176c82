"""What runs in mutmut's own environment, in the folder of the clone: `mutants.py` starts it.

`mutation_engine.py run PROCESSES` tries the mutants that are left, in an order of chance that is the same every time:
by the hash of their names. So what has been tried is a random sample of all whenever it is stopped.
`mutation_engine.py tell` reads a JSON list of names of mutants and writes a JSON list of what changed in each.
"""

import hashlib
import json
import sys


def rank(mutant: str) -> str:
    """Returns what mutants are ordered by."""
    return hashlib.sha256(mutant.encode()).hexdigest()


def run(processes: str) -> None:
    """Tries the mutants that are left."""
    import mutmut.__main__ as engine  # in its own environment alone

    engine.estimated_worst_case_time = rank  # by which mutmut sorts what it is going to try
    engine.cli(["run", "--max-children", processes])


def tell(mutant: str) -> str:
    """Returns the function and the lines that changed, such as ``split: `depth += 1` became `depth -= 1` ``."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    function, kind = orig_function_and_class_names_from_key(mutant)
    diff = get_diff_for_mutant(mutant).splitlines()[2:]
    was, became = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    return f"{f'{kind}.' if kind else ''}{function.rpartition('.')[2]}: `{was}` became `{became}`"


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2])
    else:
        print(json.dumps([tell(mutant) for mutant in json.load(sys.stdin)]))
