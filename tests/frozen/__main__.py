"""Write the golden file: `python -m tests.frozen`. Refuses to change numbers under the same semantics version.

`--unreleased` overrides that for numbers that no release has given yet.
"""

import sys

from reprieve.core.results import NUMERIC_SEMANTICS
from tests.frozen.course import GOLDEN, held, numbers, write


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    changed = GOLDEN.exists() and held()["numbers"] != numbers()
    if changed and held()["numeric_semantics"] == NUMERIC_SEMANTICS and "--unreleased" not in arguments:
        print("numbers changed: raise NUMERIC_SEMANTICS in core/results.py first", file=sys.stderr)
        return 2
    write()
    print(f"{GOLDEN.name}: numeric semantics {NUMERIC_SEMANTICS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
