from __future__ import annotations

import ctypes
import ctypes.util
import threading
from collections.abc import Callable

import numpy as np
import pytest

from plainview.feed import probe as probes
from plainview.feed.probe import ProbeFailed, probe

FLUSH_TO_ZERO = 1 << 15
DENORMALS_ARE_ZERO = 1 << 6
UPWARD = 2 << 13
MXCSR = 28  # its offset in x86-64 glibc's fenv_t, which has 32 bytes


def in_thread(work: Callable[[], None]) -> Exception | None:
    """What `work` raised in a thread of its own: floating-point settings are a thread's."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def set_mxcsr(bits: int) -> None:
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    environment = ctypes.create_string_buffer(32)
    assert libm.fegetenv(environment) == 0
    value = int.from_bytes(environment.raw[MXCSR:], "little") | bits
    assert libm.fesetenv(environment.raw[:MXCSR] + value.to_bytes(4, "little")) == 0


def test_a_thread_of_this_machine_passes() -> None:
    assert in_thread(probe) is None


@pytest.mark.parametrize(
    ("bits", "what"),
    [(FLUSH_TO_ZERO, "subnormal"), (DENORMALS_ARE_ZERO, "subnormal"), (UPWARD, "rounded")],
    ids=["flush to zero", "denormals are zero", "upward"],
)
def test_a_thread_that_a_library_has_changed_fails_and_no_other(bits: int, what: str) -> None:
    probe()

    def changed() -> None:
        set_mxcsr(bits)
        probe()

    error = in_thread(changed)
    assert isinstance(error, ProbeFailed)
    assert what in str(error)
    assert in_thread(probe) is None


@pytest.mark.parametrize("part", range(len(probes._NAMES)))
def test_other_bits_are_named(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = list(probes._GOLDEN)
    golden[part] ^= 1
    monkeypatch.setattr(probes, "_GOLDEN", tuple(golden))
    with pytest.raises(ProbeFailed, match=probes._NAMES[part]):
        probe()


def test_one_bit_of_an_input_changes_the_golden_kernel() -> None:
    inputs = probes._INPUTS.copy()
    inputs.view(np.uint32)[11] ^= 1
    assert probes._kernel(inputs)[:2] != probes._kernel(probes._INPUTS)[:2]
