"""A probe of the thread it runs in: does arithmetic here give the bits that every other machine gives?

A library can switch a thread's floating-point unit to flush subnormal numbers to zero, or to another rounding mode. So
every thread is probed before it ranks or folds. It takes some microseconds.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.kernels.arithmetic import decay, draw, mix, sigmoid

F32 = np.float32
U64 = np.uint64
_POINTS = 32
_GOLDEN = (0xBF2A12EA2F9C4069, 0xF5CE714469B1A223, 0x843B66E320C5CD2C, 0x224ED2000BBDD520)
"""Folds of what `_kernel` computes: products in order, sigmoids (and with them exp), decays, random words."""
_NAMES = ("sums of products in fixed order", "sigmoid and exp", "decay", "the counter-based generator")

# Arrays, not literals: a compiler works literals out by itself, in its own floating-point unit.
_TINY: NDArray[np.float32] = np.array([1.1754943508222875e-38, 0.5], np.float32)
_TINY64: NDArray[np.float64] = np.array([2.2250738585072014e-308, 0.5])
_ULP: NDArray[np.float32] = np.array([1.0, 5.9604644775390625e-08, 8.940696716308594e-08], np.float32)
_INPUTS: NDArray[np.float32] = (np.arange(_POINTS, dtype=np.float32) - np.float32(15.5)) * np.float32(0.71)


class ProbeFailed(RuntimeError):
    """Arithmetic in this thread is not what ranking and folding need, and in what."""


def probe() -> None:
    """Raises ProbeFailed where this thread's arithmetic differs. Call it in every thread before it ranks or folds."""
    subnormals, nearest = _flags(_TINY, _TINY64, _ULP)
    if not subnormals:
        raise ProbeFailed("subnormal numbers count as 0 in this thread (a library has set it so): it cannot rank")
    if not nearest:
        raise ProbeFailed("numbers are not rounded to nearest in this thread (a library has set it so): it cannot rank")
    for name, found, golden in zip(_NAMES, _kernel(_INPUTS), _GOLDEN, strict=True):
        if found != golden:
            raise ProbeFailed(f"{name}: {found:016x} here and {golden:016x} everywhere else: this machine cannot rank")


@njit(cache=True)
def _flags(tiny: NDArray[np.float32], tiny64: NDArray[np.float64], ulp: NDArray[np.float32]) -> tuple[bool, bool]:
    half = tiny[0] * tiny[1]
    half64 = tiny64[0] * tiny64[1]
    # Made by one operation and taken by the next: flush-to-zero fails the first, denormals-are-zero the second.
    subnormals = half + half == tiny[0] and half64 + half64 == tiny64[0]
    # 1 + 2^-24 ties to even, down; 1 + 1.5 * 2^-24 goes up, and the negatives mirror them.
    nearest = (
        ulp[0] + ulp[1] == ulp[0]
        and ulp[0] + ulp[2] != ulp[0]
        and -ulp[0] - ulp[1] == -ulp[0]
        and -ulp[0] - ulp[2] != -ulp[0]
    )
    return subnormals, nearest


@njit(cache=True)
def _kernel(inputs: NDArray[np.float32]) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    values = np.empty((3, inputs.shape[0]), np.float32)
    total = F32(0.0)
    word = U64(0)
    for i in range(inputs.shape[0]):
        total = total + inputs[i] * inputs[(7 * i) % inputs.shape[0]]
        total = total / (F32(1.0) + inputs[i] * inputs[i])
        values[0, i] = total
        values[1, i] = sigmoid(inputs[i])
        values[2, i] = decay(i * 7_777, 9_999)
        word = mix(word ^ draw(word, i))
    bits = values.view(np.uint32)
    folds = np.zeros(3, np.uint64)
    for k in range(3):
        for i in range(inputs.shape[0]):
            folds[k] = mix(folds[k] ^ U64(bits[k, i]))
    return folds[0], folds[1], folds[2], word
