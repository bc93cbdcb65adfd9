"""KuaiRec in both layouts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plainview.platform.imports.kuairec import CAPTION, END, KuaiRec
from plainview.platform.imports.tables import Faults, RowFault, SourceError
from plainview.records import Impression, Record, Video, Viewer, decode, encode, outcome_bits
from tests.platform.imports.data_sets import CAPTIONS, NOW, kuairec, matrix_row, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kuairec(tmp_path / "KuaiRec 2.0")


def read(folder: Path, shift: int = 0) -> tuple[list[Record], list[RowFault]]:
    faults = Faults()
    return list(KuaiRec(folder, faults, NOW).records(shift)), faults.first


def test_published_layout(folder: Path) -> None:
    records, faults = read(folder)
    assert faults == [RowFault("small_matrix.csv", 2, "timestamp", "empty")]
    three, seven = (record for record in records if isinstance(record, Video))
    # Video 3 has no duration of its own: the matrices' longest.
    assert (three.video, three.creator, three.duration, three.tags, three.sound, three.caption) == (
        3,
        41,
        40_000,
        (8,),
        0,
        "",
    )
    assert (seven.video, seven.creator, seven.duration, seven.tags) == (7, 40, 10_000, (27, 9, 1, 2))
    assert seven.caption == 'two\nlines, and "quotes"'
    assert [record.viewer for record in records if isinstance(record, Viewer)] == [2, 4]
    shown = [record for record in records if isinstance(record, Impression)]
    assert [(r.row, r.viewer, r.video, r.at) for r in shown] == [
        (1, 4, 3, 1_593_878_900_000),
        (0, 2, 7, 1_593_878_903_438),
        (3, 4, 3, 1_593_878_999_000),
    ]
    long, complete = outcome_bits("long_view"), outcome_bits("complete")
    assert [r.outcomes for r in shown] == [0, long | complete, long]
    for record in records:
        assert decode(type(record), encode(record)) == record


def test_captions_are_cut_and_faults_after_line_breaks_are_on_their_line(folder: Path) -> None:
    write(
        folder / "data" / "kuairec_caption_category.csv",
        CAPTIONS,
        f'7,UNKNOWN,"a\n\n{"b" * 3000}",[],1,a,2,b,3,c',
        "99,UNKNOWN,x,[],1,a,2,b,3,c",
    )
    records, faults = read(folder)
    seven = next(record for record in records if isinstance(record, Video) and record.video == 7)
    assert len(seven.caption) == CAPTION
    assert faults[0] == RowFault("kuairec_caption_category.csv", 5, "video_id", "unknown video 99")


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (matrix_row(2, 7, -5, 10, "1593878900"), "play_duration", "'-5' is out of range [0, 4294967295]"),
        (matrix_row(2, 7, 5, 10, "yesterday"), "timestamp", "'yesterday' is not a number"),
        (matrix_row(2, 7, 5, 10, "12"), "timestamp", "'12' is out of range [946684800000, 4102444800000]"),
        (
            matrix_row(2, 7, 5, 10, f"{NOW // 1000 + 1}"),
            "timestamp",
            f"{NOW + 1000} ms is in the future: it is {NOW} ms now",
        ),
        (matrix_row(2, 8, 5, 10, "1593878900"), "video_id", "unknown video 8"),
        (matrix_row(3, 7, 5, 10, "1593878900"), "user_id", "unknown viewer 3"),
        ("2,7", "*", "short row: 2 fields, the heading has 8"),
    ],
)
def test_malformed_rows(folder: Path, row: str, column: str, reason: str) -> None:
    path = folder / "data" / "big_matrix.csv"
    path.write_text(path.read_text() + row + "\n")
    records, faults = read(folder)
    assert faults[0] == RowFault("big_matrix.csv", 4, column, reason)
    assert sorted(record.row for record in records if isinstance(record, Impression)) == [0, 1, 4]


def test_a_video_of_a_day_to_come(folder: Path) -> None:
    path = folder / "data" / "item_daily_features.csv"
    path.write_text(path.read_text().replace("2020-06-30", "2099-06-30"))
    records, faults = read(folder)
    assert faults[0] == RowFault("item_daily_features.csv", 3, "upload_dt", "'2099-06-30' is in the future")
    assert [record.video for record in records if isinstance(record, Video)] == [7]


def test_a_bad_list_of_tags_leaves_a_video_without_tags(folder: Path) -> None:
    write(folder / "data" / "item_categories.csv", "video_id,feat", "3,[8", '7,"[27, x]"')
    records, faults = read(folder)
    assert faults[0] == RowFault("item_categories.csv", 3, "feat", "'[27, x]' is not a list of tag numbers")
    assert [record.tags for record in records if isinstance(record, Video)] == [(8,), ()]


@pytest.mark.parametrize(
    "name",
    [
        "small_matrix.csv",
        "item_categories.csv",
        "kuairec_caption_category.csv",
        "item_daily_features.csv",
        "user_features.csv",
    ],
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / "data" / name).unlink()
    with pytest.raises(SourceError, match=f"{name}: no such file"):
        read(folder)


def test_a_folder_with_something_else(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no KuaiRec log; expected big_matrix\.csv"):
        read(tmp_path)


def test_positives_alone(tmp_path: Path) -> None:
    table = {"user": [5, 1, 5, 1], "item": [3, 9, 4, 3], "split": ["train", "test", "train_valid", "test_valid"]}
    pq.write_table(pa.table(table), tmp_path / "interactions.parquet")
    records, faults = read(tmp_path, shift=7)
    assert faults == []
    # Test rows make their videos and viewers known, and nothing else.
    assert [(r.video, r.creator) for r in records if isinstance(r, Video)] == [(3, 3), (4, 4), (9, 9)]
    assert [r.viewer for r in records if isinstance(r, Viewer)] == [1, 5]
    shown = [record for record in records if isinstance(record, Impression)]
    assert [(r.row, r.viewer, r.video, r.at, r.outcomes) for r in shown] == [
        (0, 5, 3, END + 7, 1),
        (2, 5, 4, END + 7, 1),
    ]
