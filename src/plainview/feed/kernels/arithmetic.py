"""Arithmetic that gives the same bits on every CPU: only + - * / and comparisons of IEEE-754 numbers, in fixed order.

The library functions `exp`, `log` and `tanh` differ between CPUs (NumPy and SVML pick by instruction set), so the few
transcendental functions the algorithm needs are polynomials here.

What divides by numbers that cannot be 0 says `error_model="numpy"`: a division is then what IEEE 754 says and no more.
With Python's model each is a branch that may raise, and LLVM computes no two candidates side by side.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = np.float32
U64 = np.uint64

LOG2E = F32(1.4426950408889634)
LN2_HIGH = F32(0.693359375)
LN2_LOW = F32(-2.12194440e-4)


def _powers() -> NDArray[np.float32]:
    table = np.empty(253, np.float32)
    up = down = 1.0
    for k in range(127):
        table[126 + k] = up
        table[126 - k] = down
        up *= 2.0
        down *= 0.5
    return table


POWERS: NDArray[np.float32] = _powers()


@njit(cache=True, inline="always")
def power_of_two(exponent: int) -> np.float32:
    """2^exponent as float32, for -126 <= exponent <= 126."""
    return POWERS[exponent + 126]


@njit(cache=True)
def exp(x: np.float32) -> np.float32:
    """e^x in float32, x clamped to [-87, 87]; relative error below 3e-7 (Cephes' expf polynomial)."""
    if x > F32(87.0):
        x = F32(87.0)
    if x < F32(-87.0):
        x = F32(-87.0)
    scaled = x * LOG2E
    shift = F32(0.5) if scaled >= F32(0.0) else F32(-0.5)
    exponent = int(scaled + shift)
    whole = F32(exponent)
    r = x - whole * LN2_HIGH
    r = r - whole * LN2_LOW
    p = F32(1.9875691500e-4)
    p = p * r + F32(1.3981999507e-3)
    p = p * r + F32(8.3334519073e-3)
    p = p * r + F32(4.1665795894e-2)
    p = p * r + F32(1.6666665459e-1)
    p = p * r + F32(5.0000001201e-1)
    p = p * (r * r) + r
    p = p + F32(1.0)
    return p * power_of_two(exponent)


@njit(cache=True, error_model="numpy")
def decay(elapsed: int, half_life: int) -> np.float32:
    """2^(-elapsed / half_life), both in ms; 1 where elapsed <= 0, and 0 below 2^-60."""
    if elapsed <= 0:
        return F32(1.0)
    if elapsed >= 60 * half_life:
        return F32(0.0)
    return exp(-(F32(elapsed) / F32(half_life)) * F32(0.6931471805599453))


@njit(cache=True)
def settle(x: np.float32) -> np.float32:
    """x, or 0 where it has decayed below 2^-60: no subnormal is ever reached."""
    return F32(0.0) if F32(-(2.0**-60)) < x < F32(2.0**-60) else x


@njit(cache=True, error_model="numpy")
def log(x: np.float32) -> np.float32:
    """The natural logarithm of a positive normal number, in float32; absolute error below 1e-6 on [1e-3, 1e6].

    x = m 2^e with m in [1/sqrt 2, sqrt 2), and log m = 2 artanh((m - 1) / (m + 1)) as a polynomial.
    """
    bits = F32(x).view(np.int32)
    exponent = F32((bits >> 23) - 127)
    m = np.int32((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    if m > F32(1.41421356):
        m = m * F32(0.5)
        exponent = exponent + F32(1.0)
    s = (m - F32(1.0)) / (m + F32(1.0))
    q = s * s
    p = F32(0.2857142857)
    p = p * q + F32(0.4)
    p = p * q + F32(0.6666666667)
    p = p * q * s + s + s
    return exponent * F32(0.69314718) + p


@njit(cache=True, error_model="numpy")
def sigmoid(x: np.float32) -> np.float32:
    """1 / (1 + e^-x), in (0, 1)."""
    e = exp(-abs(x))
    return (F32(1.0) if x >= F32(0.0) else e) / (F32(1.0) + e)


@njit(cache=True, inline="always")
def mix(x: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection of 64-bit words that looks random."""
    x = U64(x)
    x = (x ^ (x >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U64(27))) * U64(0x94D049BB133111EB)
    return x ^ (x >> U64(31))


@njit(cache=True)
def draw(key: np.uint64, counter: int) -> np.uint64:
    """Word `counter` of the random stream `key`: splitmix64 addressed by counter."""
    return mix(U64(key) + U64(counter + 1) * U64(0x9E3779B97F4A7C15))


@njit(cache=True)
def draw_below(key: np.uint64, counter: int, bound: int) -> int:
    """A number in [0, bound), bound < 2^31, from the upper 32 bits of a draw (bias below bound / 2^32)."""
    return np.int64(((draw(key, counter) >> U64(32)) * U64(bound)) >> U64(32))
