"""What the model knows of a candidate: dense features, the cells it falls in, and its embedding.

Counters are of everyone's impressions; what is a viewer's own comes from the frozen context. Nothing that is the same
for all candidates is a feature by itself: it could not rank.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.context import everyones_rate, first_tag, tag_slot
from plainview.feed.kernels.arithmetic import decay, log, sigmoid
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.kernels.prefetch import lines, prefetch
from plainview.feed.tables import (
    B_DURATION,
    B_DURATION_SURFACE,
    B_FORM,
    B_FORM_SURFACE,
    B_HOUR_SURFACE,
    B_SURFACE,
    B_TAG,
    B_TAG_DURATION,
    B_TAG_SURFACE,
    CLICKS,
    DURATIONS,
    ENTITY,
    FEATURES,
    G_DURATION,
    G_SURFACE,
    G_TAG,
    INPUTS,
    ITEM,
    KNOWN,
    LIKES,
    LONG_VIEWS,
    ONE,
    OWN_ODDS,
    PREDICTED,
    RANK,
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
    VIDEO,
    WATCHED,
    WIDTH,
    Tables,
)

F32 = np.float32
HOUR, DAY = 3_600_000, 86_400_000
SLOW, FAST = np.int64(7 * DAY), np.int64(DAY)
"""Half-lives of an item's sums, ms."""

NAMES = (
    "log-odds of long views, slow",
    "log-odds of long views, fast, drawn to the slow",
    "residual, slow",
    "residual, fast",
    "log of impressions, slow",
    "log of impressions, fast",
    "residual of the creator",
    "residual of the sound",
    "mean residual of the tags",
    "mean log-odds of the tags on the surface",
    "residual of the duration",
    "residual of the form",
    "log-odds of the surface",
    "log-odds of the duration on the surface",
    "log-odds of the video on the surface, drawn to the duration's",
    "log of impressions on the surface",
    "residual on the surface",
    "log of the duration in seconds",
    "age in days, at most 60",
    "likes per impression",
    "clicks above the surface's",
    "watch share above the surface's",
    "impressions of the creator in the history",
    "mean surprise of the creator in the history",
    "impressions of the tags in the history",
    "mean surprise of the tags in the history",
    "impressions of the duration in the history",
    "mean surprise of the duration in the history",
    "impressions of this very video in the history",
    "surprise of this very video in the history",
    "recency of this very video in the history",
    "mean surprise of durations around",
    "mean surprise of the form in the history",
    "share of the form in the history",
    "share of the tags in the history",
    "share of the duration in the history",
    "confidence in the surface's share of the history",
    "mean surprise of the surface in the history",
)
assert len(NAMES) == FEATURES

# Means and inverse standard deviations of the features over KuaiRand-Pure's impressions up to 26 April 2022
# (CC BY-SA 4.0; Gao et al., CIKM 2022): constants of the release, so that features are of one size everywhere.
CENTRE = np.array(
    [
        -0.5651, -0.6318, 0.0007, 0.0017, 4.8623, 4.2204, 0.0002, 0.0002, -0.0074, -0.5611, -0.005, -0.0056, -0.5232,
        -0.5435, -0.578, 4.881, 0.0014, 3.9844, 13.5842, 0.0196, 0.0002, 0.0002, 0.0215, -0.0008, 2.642, 0.0035, 1.1655,
        -0.0, 0.0112, -0.0031, 0.0043, 0.0004, 0.0016, 0.1904, 0.0909, 0.0396, 0.004, -0.0001,
    ],
    np.float32,
)  # fmt: skip
SCALE = np.array(
    [
        1.3613, 1.1609, 8.3928, 9.0018, 0.6174, 0.6401, 8.2467, 8.3529, 15.8476, 2.3428, 20.3345, 22.572, 4.8856,
        2.5699, 1.2588, 0.5698, 8.3286, 0.756, 0.422, 58.5103, 47.0589, 54.3786, 6.1975, 53.6413, 0.2414, 13.4233,
        0.6236, 14.266, 8.6342, 26.7199, 17.0405, 15.1866, 12.792, 6.1559, 7.9093, 19.3869, 21.654, 74.4191,
    ],
    np.float32,
)  # fmt: skip


@njit(cache=True, error_model="numpy")
def _log_odds(hits: np.float32, shown: np.float32, prior: np.float32, strength: np.float32) -> np.float32:
    """log-odds of (hits + strength x prior) / (shown + strength), the rate clamped to [0.002, 0.998]."""
    rate = (hits + strength * prior) / (shown + strength)
    rate = min(max(rate, F32(0.002)), F32(0.998))
    return log(rate / (F32(1.0) - rate))


@njit(cache=True, error_model="numpy")
def _odds_of(rate: np.float32) -> np.float32:
    rate = min(max(rate, F32(0.002)), F32(0.998))
    return log(rate / (F32(1.0) - rate))


@njit(cache=True, error_model="numpy", forceinline=True)
def surface_rate(tables: Tables, surface: int) -> np.float32:
    """Long views per impression on a surface, drawn to everyone's."""
    everyone = tables.rate[SURFACES].sums
    rate = everyone[LONG_VIEWS] / max(everyone[SHOWN], F32(1.0))
    sums = tables.rate[surface].sums
    return (sums[LONG_VIEWS] + F32(20.0) * rate) / (sums[SHOWN] + F32(20.0))


@njit(cache=True, forceinline=True)
def expected(tables: Tables, context, surface: int) -> np.float32:
    """The chance of a long view by viewer and surface alone: what residuals are measured against."""
    if tables.rate[SURFACES].sums[SHOWN] <= F32(100.0):
        return F32(0.35)
    return sigmoid(context.log_odds + _odds_of(surface_rate(tables, surface)) - _odds_of(everyones_rate(tables)))


OWN = np.dtype(
    [("own", "<i4"), ("time", "<i8"), ("long_view", "<f4"), ("like", "<f4"), ("click", "<f4"), ("watched", "<f4")]
)
"""An impression that the counters hold already, to be taken out of them again before it is learned from: its time, its
labels, and its click and watch share above the surface's means. `own` is 0 where there is none."""


@njit(cache=True, error_model="numpy", forceinline=True)
def fill(tables: Tables, context, row: int, surface: int, now: int, own, x) -> None:
    """Write the features of the video in `row`, shown on `surface` at `now` (ms), into x, float32 (INPUTS,).

    What follows the features becomes 0.
    """
    video = tables.video[row]
    everyone = F32(0.35)
    sums = tables.rate[SURFACES].sums
    if sums[SHOWN] > F32(0.0):
        everyone = sums[LONG_VIEWS] / sums[SHOWN]
    here = surface_rate(tables, surface)
    slow_shown = F32(0.0)
    slow_long = F32(0.0)
    slow_residual = F32(0.0)
    fast_shown = F32(0.0)
    fast_long = F32(0.0)
    fast_residual = F32(0.0)
    likes = F32(0.0)
    known = F32(0.0)
    clicks = F32(0.0)
    watched = F32(0.0)
    on_shown = F32(0.0)
    on_long = F32(0.0)
    on_residual = F32(0.0)
    if video.item >= 0:
        item = tables.item[video.item]
        slow = decay(now - item.slow_time, SLOW)
        fast = decay(now - item.fast_time, FAST)
        slow_shown = item.slow[SHOWN] * slow
        slow_long = item.slow[LONG_VIEWS] * slow
        slow_residual = item.slow[RESIDUAL] * slow
        likes = item.slow[LIKES] * slow
        known = item.slow[KNOWN] * slow
        clicks = item.slow[CLICKS] * slow
        watched = item.slow[WATCHED] * slow
        fast_shown = item.fast[SHOWN] * fast
        fast_long = item.fast[LONG_VIEWS] * fast
        fast_residual = item.fast[RESIDUAL] * fast
        on = item.surface[surface]
        on_shown = on[SHOWN]
        on_long = on[LONG_VIEWS]
        on_residual = on[RESIDUAL]
    creator_shown = F32(0.0)
    creator_residual = F32(0.0)
    entity = tables.creator[video.creator].entity
    if entity >= 0:
        creator_shown = tables.entity[entity].tally[SHOWN]
        creator_residual = tables.entity[entity].tally[RESIDUAL]
    sound_shown = F32(0.0)
    sound_residual = F32(0.0)
    if video.sound >= 0:
        entity = tables.sound[video.sound].entity
        if entity >= 0:
            sound_shown = tables.entity[entity].tally[SHOWN]
            sound_residual = tables.entity[entity].tally[RESIDUAL]
    likes_shown = slow_shown
    if own.own:
        zero = F32(0.0)
        one = F32(1.0)
        surprise = own.long_view - expected(tables, context, surface)
        slow = decay(now - own.time, SLOW)
        fast = decay(now - own.time, FAST)
        slow_shown = max(slow_shown - slow, zero)
        slow_long = max(slow_long - slow * own.long_view, zero)
        slow_residual = slow_residual - slow * surprise
        fast_shown = max(fast_shown - fast, zero)
        fast_long = max(fast_long - fast * own.long_view, zero)
        fast_residual = fast_residual - fast * surprise
        likes_shown = slow_shown
        likes = max(likes - slow * own.like, zero)
        on_shown = max(on_shown - one, zero)
        on_long = max(on_long - own.long_view, zero)
        on_residual = on_residual - surprise
        creator_shown = max(creator_shown - one, zero)
        creator_residual = creator_residual - surprise
        sound_shown = max(sound_shown - one, zero)
        sound_residual = sound_residual - surprise
        if surface != UNKNOWN_SURFACE:
            known = max(known - slow, zero)
            clicks = clicks - slow * own.click
            watched = watched - slow * own.watched
    ten = F32(10.0)
    twenty = F32(20.0)
    x[0] = _log_odds(slow_long, slow_shown, everyone, ten)
    x[1] = _log_odds(fast_long, fast_shown, (slow_long + ten * everyone) / (slow_shown + ten), ten)
    x[2] = slow_residual / (slow_shown + ten)
    x[3] = fast_residual / (fast_shown + ten)
    x[4] = log(F32(1.0) + slow_shown)
    x[5] = log(F32(1.0) + fast_shown)
    x[6] = creator_residual / (creator_shown + ten)
    x[7] = sound_residual / (sound_shown + ten)
    tags = F32(0.0)
    tag_residual = F32(0.0)
    tag_odds = F32(0.0)
    tag_shown = F32(0.0)
    tag_surprise = F32(0.0)
    for i in range(TAGS):
        slot = tag_slot(video.tags[i])
        if slot > 0:
            tally = tables.tally[T_TAG + slot].tally
            tag_residual += tally[RESIDUAL] / (tally[SHOWN] + ten)
            tally = tables.tally[T_TAG_SURFACE + slot * SURFACES + surface].tally
            tag_odds += _log_odds(tally[LONG_VIEWS], tally[SHOWN], here, twenty)
            tags += F32(1.0)
            tag_shown += context.tag_shown[slot]
            tag_surprise += context.tag_surprise[slot]
    tags = max(tags, F32(1.0))
    x[8] = tag_residual / tags
    x[9] = tag_odds / tags
    tally = tables.tally[T_DURATION + video.bucket].tally
    x[10] = tally[RESIDUAL] / (tally[SHOWN] + ten)
    tally = tables.tally[T_FORM + video.form].tally
    x[11] = tally[RESIDUAL] / (tally[SHOWN] + ten)
    x[12] = _odds_of(here)
    tally = tables.tally[T_DURATION_SURFACE + video.bucket * SURFACES + surface].tally
    x[13] = _log_odds(tally[LONG_VIEWS], tally[SHOWN], here, twenty)
    x[14] = _log_odds(on_long, on_shown, (tally[LONG_VIEWS] + twenty * here) / (tally[SHOWN] + twenty), ten)
    x[15] = log(F32(1.0) + on_shown)
    x[16] = on_residual / (on_shown + ten)
    x[17] = log(F32(1.0) + F32(video.duration) * F32(0.001))
    x[18] = min(F32(max(now - video.created, 0)) / F32(DAY), F32(60.0))
    x[19] = (likes + F32(1.0)) / (likes_shown + F32(50.0))
    x[20] = clicks / (known + F32(5.0))
    x[21] = watched / (known + F32(5.0))
    met = F32(0.0)
    met_surprise = F32(0.0)
    same = F32(0.0)
    same_surprise = F32(0.0)
    recency = F32(0.0)
    for j in range(context.count):
        if context.creator[j] == video.creator:
            met += F32(1.0)
            met_surprise += context.surprise[j]
            if context.video[j] == row:
                same += F32(1.0)
                same_surprise += context.surprise[j]
                if recency == F32(0.0):
                    recency = F32(1.0) / F32(1 + j)
    two = F32(2.0)
    four = F32(4.0)
    seen = F32(context.count) + F32(5.0)
    b = video.bucket
    f = video.form
    x[22] = met
    x[23] = met_surprise / (met + two)
    x[24] = tag_shown
    x[25] = tag_surprise / (tag_shown + four)
    x[26] = context.duration_shown[b]
    x[27] = context.duration_surprise[b] / (context.duration_shown[b] + four)
    x[28] = same
    x[29] = same_surprise
    x[30] = recency
    x[31] = context.around_surprise[b] / (context.around_shown[b] + four)
    x[32] = context.form_surprise[f] / (context.form_shown[f] + four)
    x[33] = context.form_shown[f] / seen
    x[34] = tag_shown / seen
    x[35] = context.duration_shown[b] / seen
    x[36] = context.surface_shown[surface] / (context.surface_shown[surface] + two)
    x[37] = context.surface_surprise[surface] / (context.surface_shown[surface] + two)
    for j in range(FEATURES):
        x[j] = min(max((x[j] - CENTRE[j]) * SCALE[j], F32(-4.0)), F32(4.0))
    for j in range(FEATURES, INPUTS):
        x[j] = F32(0.0)


CELLS = 9
"""Biases of a candidate beside those of its item, creator and sound."""


@njit(cache=True)
def hour_of(now: int, surface: int) -> int:
    """The hour of the day (UTC); 24 where an imported history does not know."""
    return 24 if surface == UNKNOWN_SURFACE else (now // HOUR) % 24


@njit(cache=True, forceinline=True)
def fill_cells(video, surface: int, hour: int, cells) -> None:
    """Write the rows of `bias` that a candidate falls in into `cells`, int64 (CELLS,)."""
    tag = first_tag(video)
    cells[0] = B_FORM + video.form
    cells[1] = B_DURATION + video.bucket
    cells[2] = B_SURFACE + surface
    cells[3] = B_DURATION_SURFACE + video.bucket * SURFACES + surface
    cells[4] = B_TAG + tag
    cells[5] = B_TAG_SURFACE + tag * SURFACES + surface
    cells[6] = B_HOUR_SURFACE + hour * SURFACES + surface
    cells[7] = B_FORM_SURFACE + video.form * SURFACES + surface
    cells[8] = B_TAG_DURATION + tag * DURATIONS + video.bucket


@njit(cache=True, forceinline=True)
def rank_score(tables: Tables, context, row: int, surface: int, x, cells, query) -> np.float32:
    """Biases + weights x features + taste x query. Writes the candidate's query, float32 (WIDTH,)."""
    video = tables.video[row]
    tag = tables.group[G_TAG + first_tag(video)].query
    length = tables.group[G_DURATION + video.bucket].query
    where = tables.group[G_SURFACE + surface].query
    for k in range(WIDTH):
        query[k] = tag[k] + length[k] + where[k]
    score = F32(0.0)
    if video.item >= 0:
        item = tables.item[video.item]
        score += item.bias
        score += item.surface_bias[surface]
        for k in range(WIDTH):
            query[k] += item.query[k]
    entity = tables.creator[video.creator].entity
    if entity >= 0:
        score += tables.entity[entity].bias
        for k in range(WIDTH):
            query[k] += tables.entity[entity].query[k]
    if video.sound >= 0:
        entity = tables.sound[video.sound].entity
        if entity >= 0:
            score += tables.entity[entity].bias
    for c in range(CELLS):
        score += tables.bias[cells[c]].value
    weights = tables.ranking[0].value
    for j in range(FEATURES):
        score += weights[j] * x[j]
    for k in range(WIDTH):
        score += context.taste[k] * query[k]
    return score


@njit(cache=True)
def chances(tables: Tables, context, ranks, surface: int, x, out) -> None:
    """Write all heads' chances of n candidates into `out`, float32 (PREDICTED, n).

    `ranks` is float32 (n,) and `x` their inputs, float32 (INPUTS, n), completed here with a constant, the ranks and the
    viewer's own log-odds.
    """
    n = ranks.shape[0]
    x[ONE, :n] = F32(1.0)
    x[RANK, :n] = ranks
    x[OWN_ODDS, :n] = context.log_odds
    for head in range(PREDICTED):
        # Across candidates, never across the sum: each one's runs in the order of the inputs.
        line = out[head, :n]
        line[:] = tables.head_surface[surface].value[head]
        for j in range(OWN_ODDS + 1):
            weight = tables.head_input[j].value[head]
            inputs = x[j, :n]
            for i in range(n):
                line[i] += weight * inputs[i]
        for i in range(n):
            line[i] = sigmoid(line[i])


@njit(cache=True)
def chances_of_one(tables: Tables, context, rank: np.float32, surface: int, x, out) -> None:
    """`chances` of one candidate, to the same bits: `x` is float32 (INPUTS,), `out` (PREDICTED,)."""
    x[ONE] = F32(1.0)
    x[RANK] = rank
    x[OWN_ODDS] = context.log_odds
    totals = np.empty(PREDICTED, np.float32)
    first = tables.head_surface[surface].value
    for head in range(PREDICTED):
        totals[head] = first[head]
    for j in range(OWN_ODDS + 1):
        # Across heads, never across the sum.
        weights = tables.head_input[j].value
        for head in range(PREDICTED):
            totals[head] += weights[head] * x[j]
    for head in range(PREDICTED):
        out[head] = sigmoid(totals[head])


WATCH_LIMIT = 120_000
"""Milliseconds: the watch time that counts at most."""


READ_OF_VIDEO = lines(VIDEO, "id", "bucket")
READ_OF_ITEM = lines(ITEM, "slow_time", "query")
READ_OF_ENTITY = lines(ENTITY, "tally", "query")


@njit(cache=True)
def _read_ahead(tables: Tables, rows) -> None:
    """Ask for what is read of each of these videos."""
    for i in range(rows.shape[0]):
        for offset in READ_OF_VIDEO:
            prefetch(tables.video[rows[i]], offset)
    for i in range(rows.shape[0]):
        video = tables.video[rows[i]]
        if video.item >= 0:
            for offset in READ_OF_ITEM:
                prefetch(tables.item[video.item], offset)
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            for offset in READ_OF_ENTITY:
                prefetch(tables.entity[entity], offset)


BLOCK = 64
"""Candidates whose heads are summed up side by side."""


@njit(cache=True, nogil=True)
def predict(tables: Tables, context, rows, surface: int, now: int, parts) -> None:
    """Write all heads of the videos in `rows` into parts, float32 (rows, 1 + PREDICTED): the rank, then probabilities,
    the last of which is the expected share of WATCH_LIMIT."""
    tables = borrowed(tables)
    x = np.empty(INPUTS, np.float32)
    inputs = np.empty((INPUTS, BLOCK), np.float32)
    ranks = np.empty(BLOCK, np.float32)
    heads = np.empty((PREDICTED, BLOCK), np.float32)
    cells = np.empty(CELLS, np.int64)
    query = np.empty(WIDTH, np.float32)
    own = np.zeros(1, OWN)
    hour = hour_of(now, surface)
    for start in range(0, rows.shape[0], BLOCK):
        size = min(BLOCK, rows.shape[0] - start)
        _read_ahead(tables, rows[start : start + size])
        for i in range(size):
            row = np.int64(rows[start + i])
            fill(tables, context, row, surface, now, own[0], x)
            fill_cells(tables.video[row], surface, hour, cells)
            ranks[i] = rank_score(tables, context, row, surface, x, cells, query)
            for j in range(FEATURES):
                inputs[j, i] = x[j]
        chances(tables, context, ranks[:size], surface, inputs, heads)
        for i in range(size):
            parts[start + i, 0] = ranks[i]
            for head in range(PREDICTED):
                parts[start + i, 1 + head] = heads[head, i]
