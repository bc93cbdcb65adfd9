"""Lives through the small world with bounds checked in every kernel, and tells which variables are float64.

`python -m tests.exactness.checked` prints JSON; NUMBA_BOUNDSCHECK=1 has to be set.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

from numba.core import config
from numba.core.registry import CPUDispatcher

from plainview.feed.probe import probe
from tests.exactness.digests import lived

_FLOAT64 = re.compile(r"#\s+(?P<statement>.*?)\s+::\s+(?P<type>.*float64.*)")


def kernels() -> Iterator[tuple[str, CPUDispatcher]]:
    """Every kernel of the algorithm that was compiled, by name."""
    for module in sorted(name for name in sys.modules if name.startswith(("plainview.feed", "plainview.learning"))):
        for name, value in sorted(vars(sys.modules[module]).items()):
            if isinstance(value, CPUDispatcher) and value.py_func.__module__ == module:
                yield f"{module}.{name}", value


def float64() -> list[str]:
    """Statements of compiled kernels whose result holds a float64; literals and what makes a float32 of them do not."""
    found = []
    for name, kernel in kernels():
        for compiled in kernel.overloads.values():
            for line in str(compiled.type_annotation).splitlines():
                match = _FLOAT64.search(line)
                if match and "const(float" not in match["statement"] and match["type"] != "(float64,) -> float32":
                    found.append(f"{name}: {match['statement']} :: {match['type']}")
    return found


def main() -> None:
    assert config.BOUNDSCHECK, "set NUMBA_BOUNDSCHECK=1"
    probe()
    found = lived(1)
    names = [name for name, kernel in kernels() if kernel.overloads]
    json.dump({"lived": found, "kernels": names, "float64": float64()}, sys.stdout)


if __name__ == "__main__":
    main()
