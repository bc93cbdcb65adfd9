"""How the model learns from one impression: diagonal online Newton steps, pair by pair within a list.

Every parameter is a Gaussian with a diagonal posterior: a gradient g with curvature h raises its precision by h and
moves its mean by g / (prior + precision). Pairs compare an impression with earlier ones of the same list and viewer
that came out otherwise (logistic loss on the difference of scores); the logistic loss of the impression alone, against
the viewer's own rate, holds the scores in place; the heads learn probabilities beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.actions import (
    CLICK,
    COMMENT,
    COMPLETE,
    FOLLOWED,
    LIKE,
    LONG_VIEW,
    NATIVE,
    NOT_INTERESTED,
    REPORT,
    SHARE,
)
from plainview.feed.context import first_tag, tag_slot
from plainview.feed.features import (
    CELLS,
    FAST,
    OWN,
    SLOW,
    WATCH_LIMIT,
    chances,
    expected,
    fill,
    fill_cells,
    hour_of,
    rank_score,
)
from plainview.feed.kernels.arithmetic import decay, settle, sigmoid
from plainview.feed.tables import (
    CLICKS,
    FEATURES,
    G_DURATION,
    G_SURFACE,
    G_TAG,
    HEAD_COLUMNS,
    INPUTS,
    KNOWN,
    LIKES,
    LONG_VIEWS,
    OWN_ODDS,
    PREDICTED,
    RESIDUAL,
    SHOWN,
    SURFACES,
    T_DURATION,
    T_DURATION_SURFACE,
    T_FORM,
    T_TAG,
    T_TAG_SURFACE,
    TAGS,
    UNKNOWN_SURFACE,
    W_OFFSET,
    WATCHED,
    WIDTH,
    Marks,
    Tables,
)

F32 = np.float32
PARTNERS = 6
"""Earlier impressions of a list that one is compared with, at most: the latest."""

ALONE = F32(0.3)
"""Weight of the logistic loss beside the pairs'."""
OFFSET_RATE = F32(0.003)
P_VIDEO, P_VIDEO_SURFACE, P_CREATOR, P_SOUND = F32(10), F32(50), F32(10), F32(30)
P_CELLS = np.array([100, 100, 10, 50, 100, 100, 100, 100, 100], np.float32)
"""Prior precisions of the biases, the cells' in the order of `features.fill_cells`."""
P_WEIGHT, P_EMBEDDING, P_HEAD_SURFACE, P_HEAD_WEIGHT = F32(2000), F32(200), F32(50), F32(2000)
SHRINK = F32(0.02)
"""Of an embedding, taken off in each step before it is divided by the precision."""
CAP_OWN, CAP_CELL, CAP_RATE = F32(4096), F32(65536), F32(1048576)
"""Impressions at which a tally is halved, so that it can still move."""
UNKNOWN = F32(-1)
"""A label that is not known."""


FIRST, NOBODY = np.int64(0), np.int64(-1)
"""The scratch's row of the impression itself; and no row."""


class Scratch(NamedTuple):
    """Room for one impression (row 0) and its partners."""

    rows: NDArray[np.int64]
    """Rows of the video table."""
    surfaces: NDArray[np.int64]
    times: NDArray[np.int64]
    own: NDArray[np.void]
    """What the counters hold of each partner already (`features.OWN`)."""
    x: NDArray[np.float32]
    difference: NDArray[np.float32]
    cells: NDArray[np.int64]
    query: NDArray[np.float32]
    score: NDArray[np.float32]
    slope: NDArray[np.float32]
    curve: NDArray[np.float32]
    back: NDArray[np.float32]
    labels: NDArray[np.float32]
    """Of the heads, UNKNOWN where none."""
    chances: NDArray[np.float32]
    """What the heads said; then their gradients."""
    curves: NDArray[np.float32]
    past: NDArray[np.int64]
    """Item rows of a viewer's positives, newest first (`feed.positives`)."""


@njit(cache=True, nogil=True)
def new_scratch() -> Scratch:
    """Scratch for one thread."""
    n = PARTNERS + 1
    return Scratch(
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, OWN),
        np.zeros((n, INPUTS), np.float32),
        np.zeros(INPUTS, np.float32),
        np.zeros((n, CELLS), np.int64),
        np.zeros((n, WIDTH), np.float32),
        np.zeros(n, np.float32),
        np.zeros(n, np.float32),
        np.zeros(n, np.float32),
        np.zeros(WIDTH, np.float32),
        np.full(HEAD_COLUMNS, UNKNOWN, np.float32),
        np.zeros(HEAD_COLUMNS, np.float32),
        np.zeros(HEAD_COLUMNS, np.float32),
        np.zeros(64, np.int64),
    )


@njit(cache=True, nogil=True)
def watch_share(watched: int, duration: int) -> np.float32:
    """Of the duration, or of 30 s of a longer video, what was watched; at most 1."""
    whole = 30_000 if duration <= 0 else max(1000, min(duration, 30_000))
    return min(F32(watched) / F32(whole), F32(1.0))


@njit(cache=True, nogil=True)
def clicked(bits: int) -> np.float32:
    """Whether it was opened: what plays here by itself always is."""
    return F32(1.0) if bits & (CLICK | NATIVE) else F32(0.0)


@njit(cache=True, nogil=True)
def note_partner(
    tables: Tables, scratch: Scratch, place: int, row: int, surface: int, time: int, bits: int, watched: int
) -> None:
    """Write an earlier impression of the list into row `place` (from 1) of the scratch."""
    sums = tables.rate[surface].sums
    shown = max(sums[SHOWN], F32(1.0))
    scratch.rows[place] = row
    scratch.surfaces[place] = surface
    scratch.times[place] = time
    own = scratch.own[place]
    own.own = 1
    own.time = time
    own.long_view = F32(1.0) if bits & LONG_VIEW else F32(0.0)
    own.like = F32(1.0) if bits & LIKE else F32(0.0)
    own.click = clicked(bits) - sums[2] / shown
    own.watched = watch_share(watched, tables.video[row].duration) - sums[3] / shown


@njit(cache=True, nogil=True)
def _prepare(tables: Tables, context, scratch: Scratch, place: int, now: int) -> None:
    row = scratch.rows[place]
    surface = scratch.surfaces[place]
    fill(tables, context, row, surface, now, scratch.own[place], scratch.x[place])
    fill_cells(tables.video[row], surface, hour_of(scratch.times[place], surface), scratch.cells[place])
    scratch.score[place] = rank_score(
        tables, context, row, surface, scratch.x[place], scratch.cells[place], scratch.query[place]
    )
    scratch.slope[place] = F32(0.0)
    scratch.curve[place] = F32(0.0)


@njit(cache=True, nogil=True)
def learn_view(
    tables: Tables,
    marks: Marks,
    context,
    scratch: Scratch,
    row: int,
    surface: int,
    bits: int,
    watched: int,
    time: int,
    partners: int,
) -> None:
    """Learn from an impression and what came of it; its partners stand in rows 1..partners of the scratch."""
    now = tables.head[0].now
    scratch.rows[0] = row
    scratch.surfaces[0] = surface
    scratch.times[0] = time
    scratch.own[0].own = 0
    for place in range(partners + 1):
        _prepare(tables, context, scratch, place, now)
    positive = (bits & LONG_VIEW) != 0
    _learn_pairs(tables, marks, scratch, partners, positive)
    _learn_alone(tables, marks, context, scratch, positive)
    if context.count > 0:
        _learn_embeddings(tables, marks, context, scratch, partners)
    _label(tables, scratch, row, surface, bits, watched)
    _learn_heads(tables, marks, context, scratch, surface)
    _count(tables, marks, context, row, surface, bits, watched, now)


@njit(cache=True, nogil=True)
def learn_more(
    tables: Tables, marks: Marks, context, scratch: Scratch, row: int, surface: int, time: int, bits: int
) -> None:
    """Learn that a view, learned from before, also led to the outcomes in `bits`."""
    now = tables.head[0].now
    scratch.rows[0] = row
    scratch.surfaces[0] = surface
    scratch.times[0] = time
    scratch.own[0].own = 0
    _prepare(tables, context, scratch, FIRST, now)
    for head in range(PREDICTED):
        scratch.labels[head] = F32(1.0) if HEAD_BITS[head] & bits else UNKNOWN
    _learn_heads(tables, marks, context, scratch, surface)
    if bits & LIKE:
        item = tables.item[tables.video[row].item]
        _fade(item, now)
        item.slow[LIKES] += F32(1.0)
        marks.item[tables.video[row].item] = 1


HEAD_BITS = np.array([LONG_VIEW, COMPLETE, LIKE, FOLLOWED, SHARE, COMMENT, NOT_INTERESTED, REPORT, 0], np.int64)
"""The outcome that each head but the rank predicts; the last predicts watch time."""


@njit(cache=True, nogil=True)
def _label(tables: Tables, scratch: Scratch, row: int, surface: int, bits: int, watched: int) -> None:
    for head in range(PREDICTED - 1):
        scratch.labels[head] = F32(1.0) if HEAD_BITS[head] & bits else F32(0.0)
    scratch.labels[PREDICTED - 1] = F32(min(watched, WATCH_LIMIT)) / F32(WATCH_LIMIT)
    if surface == UNKNOWN_SURFACE:
        # An imported history tells of long views and likes only.
        for head in range(PREDICTED):
            if head != 0 and head != 2:
                scratch.labels[head] = UNKNOWN
    if not bits & NATIVE and not bits & REPORT:
        scratch.labels[7] = UNKNOWN


@njit(cache=True, nogil=True)
def _step(cell, gradient: np.float32, curvature: np.float32, prior: np.float32) -> None:
    """One diagonal Newton step of a row with `value` and `precision`."""
    cell.precision += curvature
    cell.value += gradient / (prior + cell.precision)


@njit(cache=True, nogil=True)
def _step_bias(row, gradient: np.float32, curvature: np.float32, prior: np.float32) -> None:
    row.bias_precision += curvature
    row.bias += gradient / (prior + row.bias_precision)


@njit(cache=True, nogil=True)
def _learn_biases(
    tables: Tables,
    marks: Marks,
    scratch: Scratch,
    place: int,
    against: int,
    gradient: np.float32,
    curvature: np.float32,
) -> None:
    """Step all biases of the impression in `place` but those it shares with that in `against` (NOBODY: with none)."""
    row = scratch.rows[place]
    surface = scratch.surfaces[place]
    video = tables.video[row]
    other_row = np.int64(-1)
    other_surface = np.int64(-1)
    other_creator = np.int64(-1)
    other_sound = np.int64(-1)
    if against >= 0:
        other_row = scratch.rows[against]
        other_surface = scratch.surfaces[against]
        other_creator = np.int64(tables.video[other_row].creator)
        other_sound = np.int64(tables.video[other_row].sound)
    if video.item >= 0:
        item = tables.item[video.item]
        if row != other_row:
            _step_bias(item, gradient, curvature, P_VIDEO)
        if row != other_row or surface != other_surface:
            item.surface_precision[surface] += curvature
            item.surface_bias[surface] += gradient / (P_VIDEO_SURFACE + item.surface_precision[surface])
        marks.item[video.item] = 1
    entity = tables.creator[video.creator].entity
    if entity >= 0 and video.creator != other_creator:
        _step_bias(tables.entity[entity], gradient, curvature, P_CREATOR)
        marks.entity[entity] = 1
    if video.sound >= 0 and video.sound != other_sound:
        entity = tables.sound[video.sound].entity
        if entity >= 0:
            _step_bias(tables.entity[entity], gradient, curvature, P_SOUND)
            marks.entity[entity] = 1
    for c in range(CELLS):
        cell = scratch.cells[place, c]
        if against < 0 or cell != scratch.cells[against, c]:
            _step(tables.bias[cell], gradient, curvature, P_CELLS[c])
            marks.bias[cell] = 1


@njit(cache=True, nogil=True)
def _learn_pairs(tables: Tables, marks: Marks, scratch: Scratch, partners: int, positive: bool) -> None:
    if partners == 0:
        return
    share = F32(1.0) / np.sqrt(F32(partners))
    for other in range(1, partners + 1):
        ahead = scratch.score[0] - scratch.score[other]
        if not positive:
            ahead = -ahead
        wrong = sigmoid(-ahead)
        gradient = wrong * share
        curvature = wrong * (F32(1.0) - wrong) * share
        if not positive:
            gradient = -gradient
        scratch.slope[0] += gradient
        scratch.slope[other] -= gradient
        scratch.curve[0] += curvature
        scratch.curve[other] += curvature
        _learn_biases(tables, marks, scratch, FIRST, other, gradient, curvature)
        _learn_biases(tables, marks, scratch, other, FIRST, -gradient, curvature)
        for j in range(FEATURES):
            scratch.difference[j] = scratch.x[0, j] - scratch.x[other, j]
        _step_ranking(tables, scratch.difference, gradient, curvature)
    marks.ranking[0] = 1


@njit(cache=True, nogil=True)
def _step_ranking(tables: Tables, x, gradient: np.float32, curvature: np.float32) -> None:
    value = tables.ranking[0].value
    precision = tables.ranking[0].precision
    for j in range(FEATURES):
        precision[j] += curvature * x[j] * x[j]
        value[j] += gradient * x[j] / (P_WEIGHT + precision[j])


@njit(cache=True, nogil=True)
def _learn_alone(tables: Tables, marks: Marks, context, scratch: Scratch, positive: bool) -> None:
    chance = sigmoid(scratch.score[0] + context.log_odds + tables.weight[W_OFFSET].value)
    gradient = ((F32(1.0) if positive else F32(0.0)) - chance) * ALONE
    curvature = chance * (F32(1.0) - chance) * ALONE
    tables.weight[W_OFFSET].value += OFFSET_RATE * gradient
    marks.weight[W_OFFSET] = 1
    scratch.slope[0] += gradient
    _learn_biases(tables, marks, scratch, FIRST, NOBODY, gradient, curvature)
    _step_ranking(tables, scratch.x[0], gradient, curvature)
    marks.ranking[0] = 1


@njit(cache=True, nogil=True)
def _step_query(row, gradient: np.float32, curvature: np.float32, taste) -> None:
    row.query_precision += curvature
    step = F32(1.0) / (P_EMBEDDING + row.query_precision)
    query = row.query
    for k in range(WIDTH):
        query[k] += step * (gradient * taste[k] - SHRINK * query[k])


@njit(cache=True, nogil=True)
def _step_key(row, attention: np.float32, curvature: np.float32, back) -> None:
    row.key_precision += curvature
    step = F32(1.0) / (P_EMBEDDING + row.key_precision)
    key = row.key
    for k in range(WIDTH):
        key[k] += step * (attention * back[k] - SHRINK * key[k])


@njit(cache=True, nogil=True)
def _learn_embeddings(tables: Tables, marks: Marks, context, scratch: Scratch, partners: int) -> None:
    length = F32(0.0)
    spread = F32(0.0)
    for k in range(WIDTH):
        scratch.back[k] = F32(0.0)
        length += context.taste[k] * context.taste[k]
    for place in range(partners + 1):
        size = F32(0.0)
        for k in range(WIDTH):
            scratch.back[k] += scratch.slope[place] * scratch.query[place, k]
            size += scratch.query[place, k] * scratch.query[place, k]
        spread += scratch.curve[place] * size
    for place in range(partners + 1):
        video = tables.video[scratch.rows[place]]
        gradient = scratch.slope[place]
        curvature = scratch.curve[place] * length
        if video.item >= 0:
            _step_query(tables.item[video.item], gradient, curvature, context.taste)
            marks.item[video.item] = 1
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            _step_query(tables.entity[entity], gradient, curvature, context.taste)
            marks.entity[entity] = 1
        tag = G_TAG + first_tag(video)
        bucket = G_DURATION + video.bucket
        where = G_SURFACE + scratch.surfaces[place]
        _step_query(tables.group[tag], gradient, curvature, context.taste)
        _step_query(tables.group[bucket], gradient, curvature, context.taste)
        _step_query(tables.group[where], gradient, curvature, context.taste)
        marks.group[tag] = 1
        marks.group[bucket] = 1
        marks.group[where] = 1
    if partners == 0:
        return
    for j in range(context.count):
        video = tables.video[context.video[j]]
        attention = context.attention[j]
        curvature = attention * attention * spread
        if video.item >= 0:
            _step_key(tables.item[video.item], attention, curvature, scratch.back)
            marks.item[video.item] = 1
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            _step_key(tables.entity[entity], attention, curvature, scratch.back)
            marks.entity[entity] = 1
        tag = G_TAG + first_tag(video)
        bucket = G_DURATION + video.bucket
        _step_key(tables.group[tag], attention, curvature, scratch.back)
        _step_key(tables.group[bucket], attention, curvature, scratch.back)
        marks.group[tag] = 1
        marks.group[bucket] = 1


@njit(cache=True, nogil=True)
def _learn_heads(tables: Tables, marks: Marks, context, scratch: Scratch, surface: int) -> None:
    """One logistic step of all heads on the impression in row 0 of the scratch; unknown labels teach nothing."""
    x = scratch.x[0]
    gradients = scratch.chances
    curves = scratch.curves
    chances(tables, context, scratch.score[0], surface, x, gradients)
    for head in range(HEAD_COLUMNS):
        if scratch.labels[head] >= F32(0.0):
            chance = gradients[head]
            gradients[head] = scratch.labels[head] - chance
            curves[head] = chance * (F32(1.0) - chance)
        else:
            gradients[head] = F32(0.0)
            curves[head] = F32(0.0)
    here = tables.head_surface[surface]
    _step_heads(here.value, here.precision, F32(1.0), gradients, curves, P_HEAD_SURFACE)
    marks.head_surface[surface] = 1
    for j in range(OWN_ODDS + 1):
        row = tables.head_input[j]
        _step_heads(row.value, row.precision, x[j], gradients, curves, P_HEAD_WEIGHT)
        marks.head_input[j] = 1


@njit(cache=True, nogil=True)
def _step_heads(value, precision, x: np.float32, gradients, curves, prior: np.float32) -> None:
    square = x * x
    for head in range(HEAD_COLUMNS):
        precision[head] += curves[head] * square
        value[head] += gradients[head] * x / (prior + precision[head])


@njit(cache=True, nogil=True)
def _fade(item, now: int) -> None:
    """Bring an item's decayed sums to `now`."""
    factor = decay(now - item.slow_time, SLOW)
    for k in range(7):
        item.slow[k] = settle(item.slow[k] * factor)
    factor = decay(now - item.fast_time, FAST)
    for k in range(3):
        item.fast[k] = settle(item.fast[k] * factor)
    item.slow_time = max(item.slow_time, now)
    item.fast_time = max(item.fast_time, now)


@njit(cache=True, nogil=True)
def _tally(tally, hit: np.float32, residual: np.float32, cap: np.float32) -> None:
    tally[SHOWN] += F32(1.0)
    tally[LONG_VIEWS] += hit
    tally[RESIDUAL] += residual
    if tally[SHOWN] >= cap:
        for k in range(3):
            tally[k] = tally[k] * F32(0.5)


@njit(cache=True, nogil=True)
def _count(tables: Tables, marks: Marks, context, row: int, surface: int, bits: int, watched: int, now: int) -> None:
    video = tables.video[row]
    hit = F32(1.0) if bits & LONG_VIEW else F32(0.0)
    residual = hit - expected(tables, context, surface)
    share = watch_share(watched, video.duration)
    item = tables.item[video.item]
    _fade(item, now)
    item.slow[SHOWN] += F32(1.0)
    item.slow[LONG_VIEWS] += hit
    item.slow[RESIDUAL] += residual
    item.fast[SHOWN] += F32(1.0)
    item.fast[LONG_VIEWS] += hit
    item.fast[RESIDUAL] += residual
    if bits & LIKE:
        item.slow[LIKES] += F32(1.0)
    if surface != UNKNOWN_SURFACE:
        sums = tables.rate[surface].sums
        shown = max(sums[SHOWN], F32(1.0))
        item.slow[KNOWN] += F32(1.0)
        item.slow[CLICKS] += clicked(bits) - sums[2] / shown
        item.slow[WATCHED] += share - sums[3] / shown
    _tally(item.surface[surface], hit, residual, CAP_OWN)
    marks.item[video.item] = 1
    entity = tables.creator[video.creator].entity
    if entity >= 0:
        _tally(tables.entity[entity].tally, hit, residual, CAP_OWN)
        marks.entity[entity] = 1
    if video.sound >= 0:
        entity = tables.sound[video.sound].entity
        if entity >= 0:
            _tally(tables.entity[entity].tally, hit, residual, CAP_OWN)
            marks.entity[entity] = 1
    for i in range(TAGS):
        slot = tag_slot(video.tags[i])
        if slot > 0:
            _tally_cell(tables, marks, T_TAG + slot, hit, residual)
            _tally_cell(tables, marks, T_TAG_SURFACE + slot * SURFACES + surface, hit, residual)
    _tally_cell(tables, marks, T_DURATION + video.bucket, hit, residual)
    _tally_cell(tables, marks, T_FORM + video.form, hit, residual)
    _tally_cell(tables, marks, T_DURATION_SURFACE + video.bucket * SURFACES + surface, hit, residual)
    _rate(tables, marks, surface, hit, bits, share, surface)
    _rate(tables, marks, np.int64(SURFACES), hit, bits, share, surface)


@njit(cache=True, nogil=True)
def _tally_cell(tables: Tables, marks: Marks, cell: int, hit: np.float32, residual: np.float32) -> None:
    _tally(tables.tally[cell].tally, hit, residual, CAP_CELL)
    marks.tally[cell] = 1


@njit(cache=True, nogil=True)
def _rate(tables: Tables, marks: Marks, row: int, hit: np.float32, bits: int, share: np.float32, surface: int) -> None:
    sums = tables.rate[row].sums
    sums[SHOWN] += F32(1.0)
    sums[LONG_VIEWS] += hit
    if surface != UNKNOWN_SURFACE:
        sums[2] += clicked(bits)
        sums[3] += share
    if sums[SHOWN] >= CAP_RATE:
        for k in range(4):
            sums[k] = sums[k] * F32(0.5)
    marks.rate[row] = 1
