"""KuaiRand in both layouts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plainview.platform.imports.kuairand import KuaiRand
from plainview.platform.imports.kuaishou import FORMS
from plainview.platform.imports.tables import Faults, RowFault, SourceError
from plainview.records import History, Impression, Origin, Record, Video, Viewer, decode, encode, outcome_bits
from tests.platform.imports.data_sets import (
    LOG,
    NOW,
    RANDOM,
    STANDARD_1,
    STANDARD_2,
    T,
    kuairand,
    log_row,
    parquet,
    write,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kuairand(tmp_path / "KuaiRand-Pure")


def read(folder: Path, shift: int = 0) -> tuple[list[Record], list[RowFault]]:
    faults = Faults()
    return list(KuaiRand(folder, faults, NOW).records(shift)), faults.first


def of(records: list[Record], kind: type) -> list:  # type: ignore[type-arg]
    return [record for record in records if type(record) is kind]


def test_records_come_in_the_one_order(folder: Path) -> None:
    records, faults = read(folder)
    assert faults == []
    assert [type(record) for record in records] == [Origin] + [Video] * 3 + [Viewer] * 2 + [Impression] * 5
    assert [record.video for record in of(records, Video)] == [0, 1, 2]
    assert [record.viewer for record in of(records, Viewer)] == [0, 1]
    # Row 0 is log 1's first, row 2 log 2's first, row 4 the random log's; rows 0 and 3 have one time.
    assert [(record.row, record.at - T) for record in of(records, Impression)] == [
        (1, 10),
        (0, 50),
        (3, 50),
        (4, 70),
        (2, 90),
    ]
    assert KuaiRand(folder, Faults(), NOW).total == len(records)


def test_reading_again_yields_the_same_bytes(folder: Path) -> None:
    first, second = ([encode(record) for record in read(folder)[0]] for _ in range(2))
    assert first == second


def test_every_record_is_valid(folder: Path) -> None:
    for record in read(folder, shift=10**11)[0]:
        assert decode(type(record), encode(record)) == record


def test_videos(folder: Path) -> None:
    zero, one, two = of(read(folder)[0], Video)
    assert (zero.creator, zero.duration, zero.tags, zero.sound, FORMS[zero.form]) == (
        901,
        20_000,
        (12,),
        55,
        "LongImport",
    )
    # Music -1 and a kind of upload that is not in the list are unknown.
    assert (one.sound, one.form, one.tags) == (0, 0, ())
    # No duration of its own: the longest that the log has.
    assert (two.duration, two.tags, two.sound, FORMS[two.form]) == (31_000, (3, 7), 0, "Web")
    assert zero.created == T - 7 * 86_400_000
    assert {video.origin for video in (zero, one, two)} == {"kuairand"}


def test_outcomes_and_surface(folder: Path) -> None:
    by_row = {record.row: record for record in of(read(folder)[0], Impression)}
    everything = outcome_bits(
        "long_view", "complete", "like", "follow", "share", "comment", "not_interested", "click", "profile"
    )
    assert (by_row[2].outcomes, by_row[2].surface, by_row[2].watched) == (everything, 6, 9000)
    assert by_row[0].outcomes == outcome_bits("click")


def test_a_row_without_duration_is_never_complete(folder: Path) -> None:
    write(folder / STANDARD_1, LOG, log_row(1, 0, T, played=5000, duration=0))
    (row,) = (record for record in of(read(folder)[0], Impression) if record.row == 0)
    assert not row.outcomes & outcome_bits("complete")


def test_shift_moves_every_time(folder: Path) -> None:
    plain, moved = read(folder)[0], read(folder, shift=1000)[0]
    for kind, field in ((Video, "created"), (Impression, "at")):
        for before, after in zip(of(plain, kind), of(moved, kind), strict=True):
            assert getattr(after, field) == getattr(before, field) + 1000
    assert min(record.at for record in of(read(folder, shift=-2 * T)[0], Impression)) == 0


def test_the_data_folder_may_be_named_or_its_parent(tmp_path: Path) -> None:
    kuairand(tmp_path / "data")
    assert read(tmp_path) == read(tmp_path / "data")


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (log_row(1, 9, T), "video_id", "unknown video 9"),
        (log_row(7, 1, T), "user_id", "unknown viewer 7"),
        (log_row("one", 1, T), "user_id", "'one' is not a number"),
        (log_row(1, 1, 5), "time_ms", "'5' is out of range [946684800000, 4102444800000]"),
        (log_row(1, 1, NOW + 1), "time_ms", f"{NOW + 1} ms is in the future: it is {NOW} ms now"),
        (log_row(1, 1, T, played=-1), "play_time_ms", "'-1' is out of range [0, 4294967295]"),
        (log_row(1, 1, T).replace(",1,0,0,0,0,0,0,", ",1,2,0,0,0,0,0,"), "is_like", "'2' is out of range [0, 1]"),
        (log_row(1, 1, T) + ",0", "*", "long row: 20 fields, the heading has 19"),
        ("1,1", "*", "short row: 2 fields, the heading has 19"),
        (log_row(1, '"1', T), "video_id", "quote out of place in '\"1,20220408,0,1649376000000,1,0,0,0,0...'"),
    ],
)
def test_malformed_rows_are_left_out_and_keep_their_number(folder: Path, row: str, column: str, reason: str) -> None:
    good = sorted(record.row for record in of(read(folder)[0], Impression))
    write(folder / STANDARD_2, LOG, log_row(0, 0, T), row, log_row(0, 1, T))
    records, faults = read(folder)
    assert faults == [RowFault(STANDARD_2, 3, column, reason)]
    # Rows 0, 1 are the first file's, 2 to 4 this one's (3 is the bad one), 5 the random log's.
    assert good == [0, 1, 2, 3, 4]
    assert sorted(record.row for record in of(records, Impression)) == [0, 1, 2, 4, 5]


def test_invalid_utf8(folder: Path) -> None:
    with (folder / STANDARD_2).open("ab") as file:
        file.write(log_row(1, 1, T).encode().replace(b"20220408", b"\xff").replace(b"1,1,", b"1,\xe4,", 1) + b"\n")
    assert read(folder)[1] == [RowFault(STANDARD_2, 4, "video_id", "invalid UTF-8 at byte 0 of b'\\xe4'")]


def test_bad_videos_are_faults_and_their_impressions_too(folder: Path) -> None:
    path = folder / "video_features_basic_pure.csv"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("2022-04-02", "2nd of April")
    lines[2] = lines[2].replace(",12", ",twelve")
    write(path, *lines, lines[3])
    _, faults = read(folder)
    assert [(fault.line, fault.column) for fault in faults[:3]] == [(5, "video_id"), (2, "upload_dt"), (3, "tag")]
    assert {fault.reason for fault in faults[3:]} == {"unknown video 0", "unknown video 2"}


@pytest.mark.parametrize(("day", "future"), [("2022-04-20", False), ("2022-04-21", True), ("9022-01-01", True)])
def test_a_video_may_be_of_a_day_that_has_begun_somewhere(folder: Path, day: str, future: bool) -> None:
    """It is 13:46 UTC on 19 April: the 20th has begun on Kiritimati, the 21st nowhere."""
    path = folder / "video_features_basic_pure.csv"
    path.write_text(path.read_text().replace("2022-04-01", day))
    write(folder / STANDARD_1, LOG, log_row(0, 1, NOW))
    records, faults = read(folder)
    assert faults == [RowFault(path.name, 3, "upload_dt", f"'{day}' is in the future")] * future
    assert [record.video for record in of(records, Video)] == [0, 1, 2][future:]
    assert max(record.at for record in of(records, Impression)) == NOW  # now is not the future


@pytest.mark.parametrize(
    "name", [STANDARD_1, STANDARD_2, RANDOM, "user_features_pure.csv", "video_features_basic_pure.csv"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SourceError, match=f"{name}: no such file"):
        read(folder)


def test_a_missing_column_is_named(folder: Path) -> None:
    write(folder / STANDARD_1, LOG.replace("play_time_ms", "played"))
    with pytest.raises(SourceError, match=f"{STANDARD_1}: no column 'play_time_ms'"):
        read(folder)


def test_a_folder_with_something_else(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no KuaiRand log; expected log_standard"):
        read(tmp_path)
    with pytest.raises(SourceError, match="no such folder"):
        read(tmp_path / "gone")


def test_parquet_with_histories(tmp_path: Path) -> None:
    records, faults = read(parquet(tmp_path / "p"), shift=100)
    assert faults == [RowFault("history.parquet", 4, "user_id", "viewer 2 has no row in history_users.parquet")]
    long, like = outcome_bits("long_view"), outcome_bits("like")
    assert [(record.viewer, record.at - T, record.past) for record in of(records, History)] == [
        (1, 91, ((1, 0), (0, long))),
        (0, 92, ((1, like),)),
    ]
    assert [(record.row, record.viewer) for record in of(records, Impression)] == [(2, 0), (0, 0), (1, 1)]
    assert [type(record) for record in records[-5:]] == [History] * 2 + [Impression] * 3


def test_of_a_history_the_latest_count_and_the_older_are_counted(tmp_path: Path) -> None:
    folder = parquet(tmp_path / "p")
    history = {"user_id": [1] * 1500 + [0], "pos": [*range(-1, -1501, -1), -1], "video_id": [0] * 1000 + [1] * 501}
    history |= {"long_view": [0] * 1501, "is_like": [0] * 1501}
    pq.write_table(pa.table(history), folder / "history.parquet")
    source = KuaiRand(folder, Faults(), NOW)
    first, second = of(list(source.records(0)), History)
    assert (source.older, first.past, len(second.past)) == (500, ((0, 0),) * 1000, 1)


def test_a_history_that_ends_in_the_future_has_no_end(tmp_path: Path) -> None:
    folder = parquet(tmp_path / "p")
    ends = {"user_id": [1, 0], "last_time_ms": [NOW + 5, T - 8]}
    pq.write_table(pa.table(ends), folder / "history_users.parquet")
    records, faults = read(folder)
    assert faults[0] == RowFault(
        "history_users.parquet", 1, "last_time_ms", f"{NOW + 5} ms is in the future: it is {NOW} ms now"
    )
    assert [record.viewer for record in of(records, History)] == [0]


def test_the_digest_is_that_of_the_files(folder: Path) -> None:
    before = read(folder)[0][0]
    (folder / "video_features_statistic_pure.csv").write_text("never read")
    assert read(folder)[0][0] == before
    with (folder / RANDOM).open("a") as file:
        file.write(log_row(0, 0, T) + "\n")
    assert read(folder)[0][0] != before
