from typing import NamedTuple

import numpy as np
from numba import njit

CELLS = 64
WEIGHTS = 8
PARTNERS = 8


class Scratch(NamedTuple):
    partner: np.ndarray
    partner_surface: np.ndarray


@njit(cache=True, nogil=True)
def new_scratch():
    return Scratch(np.zeros(PARTNERS, np.int32), np.zeros(PARTNERS, np.int32))


@njit(cache=True, nogil=True)
def learn_view(tables, marks, context, scratch, row, surface, bits, watched, partners):
    e = tables.entity[tables.video[row].entity]
    e.slow[0] += np.float32(1)
    marks.entity[tables.video[row].entity] = 1


@njit(cache=True, nogil=True)
def learn_more(tables, marks, context, scratch, row, surface, bits):
    pass


def begin(tables):
    pass
