"""How the model learns from one impression: diagonal online Newton steps, pair by pair within a list.

Every parameter is a Gaussian with a diagonal posterior: a gradient g with curvature h raises its precision by h and
moves its mean by g / (prior + precision). Pairs compare an impression with earlier ones of the same list and viewer
that came out otherwise (logistic loss on the difference of scores); the logistic loss of the impression alone, against
the viewer's own rate, holds the scores in place; the heads learn probabilities beside it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.actions import (
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
from plainview.feed.features import (
    CELLS,
    WATCH_LIMIT,
    chances_of_one,
    fill,
    fill_cells,
    hour_of,
    rank_score,
)
from plainview.feed.kernels.arithmetic import sigmoid
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.tables import (
    FEATURES,
    LIKES,
    OWN_ODDS,
    PREDICTED,
    SHOWN,
    UNKNOWN_SURFACE,
    W_OFFSET,
    Marks,
    Tables,
)
from plainview.learning.counters import clicked, count, fade, watch_share
from plainview.learning.embeddings import learn_embeddings
from plainview.learning.scratch import FIRST, NOBODY, UNKNOWN, Scratch

F32 = np.float32
ALONE = F32(1.0)
"""Weight of the logistic loss beside the pairs'."""
OFFSET_RATE = F32(0.003)
P_VIDEO, P_VIDEO_SURFACE, P_CREATOR, P_SOUND = F32(30), F32(150), F32(30), F32(90)
P_CELLS = np.array([300, 300, 30, 150, 300, 300, 450, 300, 300], np.float32)
"""Prior precisions of the biases, the cells' in the order of `features.fill_cells`."""
P_WEIGHT, P_HEAD_SURFACE, P_HEAD_WEIGHT = F32(2000), F32(50), F32(2000)


@njit(cache=True, error_model="numpy")
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


@njit(cache=True)
def _prepare(tables: Tables, context, scratch: Scratch, place: int, now: int) -> None:
    tables, scratch = borrowed(tables), borrowed(scratch)
    row = scratch.rows[place]
    surface = scratch.surfaces[place]
    fill(tables, context, row, surface, now, scratch.own[place], scratch.x[place])
    fill_cells(tables.video[row], surface, hour_of(scratch.times[place], surface), scratch.cells[place])
    scratch.score[place] = rank_score(
        tables, context, row, surface, scratch.x[place], scratch.cells[place], scratch.query[place]
    )
    scratch.slope[place] = F32(0.0)
    scratch.curve[place] = F32(0.0)


@njit(cache=True)
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
    tables, marks, scratch = borrowed(tables), borrowed(marks), borrowed(scratch)
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
        learn_embeddings(tables, marks, context, scratch, partners)
    _label(tables, scratch, row, surface, bits, watched)
    _learn_heads(tables, marks, context, scratch, surface)
    count(tables, marks, context, row, surface, bits, watched, now)


@njit(cache=True)
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
        fade(item, now)
        item.slow[LIKES] += F32(1.0)
        marks.item[tables.video[row].item] = 1


HEAD_BITS = np.array([LONG_VIEW, COMPLETE, LIKE, FOLLOWED, SHARE, COMMENT, NOT_INTERESTED, REPORT, 0], np.int64)
"""The outcome that each head but the rank predicts; the last predicts watch time."""


@njit(cache=True)
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


@njit(cache=True, error_model="numpy", forceinline=True)
def _step(cell, gradient: np.float32, curvature: np.float32, prior: np.float32) -> None:
    """One diagonal Newton step of a row with `value` and `precision`."""
    cell.precision += curvature
    cell.value += gradient / (prior + cell.precision)


@njit(cache=True, error_model="numpy", forceinline=True)
def _step_bias(row, gradient: np.float32, curvature: np.float32, prior: np.float32) -> None:
    row.bias_precision += curvature
    row.bias += gradient / (prior + row.bias_precision)


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def _learn_pairs(tables: Tables, marks: Marks, scratch: Scratch, partners: int, positive: bool) -> None:
    tables, marks = borrowed(tables), borrowed(marks)
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


@njit(cache=True, error_model="numpy", forceinline=True)
def _step_ranking(tables: Tables, x, gradient: np.float32, curvature: np.float32) -> None:
    value = tables.ranking[0].value
    precision = tables.ranking[0].precision
    for j in range(FEATURES):
        precision[j] += curvature * x[j] * x[j]
        value[j] += gradient * x[j] / (P_WEIGHT + precision[j])


@njit(cache=True, error_model="numpy")
def _learn_alone(tables: Tables, marks: Marks, context, scratch: Scratch, positive: bool) -> None:
    tables, marks = borrowed(tables), borrowed(marks)
    chance = sigmoid(scratch.score[0] + context.log_odds + tables.weight[W_OFFSET].value)
    gradient = ((F32(1.0) if positive else F32(0.0)) - chance) * ALONE
    curvature = chance * (F32(1.0) - chance) * ALONE
    tables.weight[W_OFFSET].value += OFFSET_RATE * gradient
    marks.weight[W_OFFSET] = 1
    scratch.slope[0] += gradient
    _learn_biases(tables, marks, scratch, FIRST, NOBODY, gradient, curvature)
    _step_ranking(tables, scratch.x[0], gradient, curvature)
    marks.ranking[0] = 1


@njit(cache=True)
def _learn_heads(tables: Tables, marks: Marks, context, scratch: Scratch, surface: int) -> None:
    """One logistic step of all heads on the impression in row 0 of the scratch; unknown labels teach nothing."""
    tables, marks = borrowed(tables), borrowed(marks)
    x = scratch.x[0]
    gradients = scratch.chances
    curves = scratch.curves
    chances_of_one(tables, context, scratch.score[0], surface, x, gradients)
    for head in range(PREDICTED):
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


@njit(cache=True, error_model="numpy", forceinline=True)
def _step_heads(value, precision, x: np.float32, gradients, curves, prior: np.float32) -> None:
    square = x * x
    for head in range(PREDICTED):
        precision[head] += curves[head] * square
        value[head] += gradients[head] * x / (prior + precision[head])
