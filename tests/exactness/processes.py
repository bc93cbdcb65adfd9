"""Other processes for exactness tests: natively, and with everything about the CPU lowered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def lowered() -> dict[str, str]:
    """The settings of DESIGN section 5, all at once: no instruction beyond x86-64's first that can be left out."""
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    dispatched = [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]
    return {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_DISABLE_INTEL_SVML": "1",
        "NPY_DISABLE_CPU_FEATURES": " ".join(dispatched),
        "OPENBLAS_CORETYPE": "Nehalem",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2",
    }


class Process:
    """`python ARGUMENTS` at work; compiled kernels are kept in `kernels`."""

    def __init__(self, arguments: list[str], kernels: Path, /, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | {"NUMBA_CACHE_DIR": str(kernels)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def output(self) -> str:
        """Standard output, once it has ended."""
        out, errors = self._process.communicate()
        assert self._process.returncode == 0, errors[-3000:]
        return out

    def end(self) -> None:
        """Whether or not it is done."""
        self._process.kill()
        self._process.communicate()


def run(arguments: list[str], kernels: Path, **environment: str) -> str:
    """Standard output of `python ARGUMENTS`; compiled kernels are kept in `kernels`."""
    return Process(arguments, kernels, **environment).output()
