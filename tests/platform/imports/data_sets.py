"""Tiny data sets in the published layouts, written by the tests that read them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

LOG = (
    "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,long_view,"
    "play_time_ms,duration_ms,profile_stay_time,comment_stay_time,is_profile_enter,is_rand,tab"
)
USERS = "user_id,user_active_degree,onehot_feat0"
VIDEOS = (
    "video_id,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,server_width,server_height,"
    "music_id,music_type,tag"
)
T = 1_649_376_000_000
"""2022-04-08 00:00 UTC."""
NOW = T + 10**9
"""When the data sets are read: later than anything in them."""

STANDARD_1 = "log_standard_4_08_to_4_21_pure.csv"
STANDARD_2 = "log_standard_4_22_to_5_08_pure.csv"
RANDOM = "log_random_4_22_to_5_08_pure.csv"


def log_row(user: object, video: object, time: object, played: object = 5000, duration: object = 10_000) -> str:
    """A row of a log in which nothing was done but watching, on surface 1."""
    return f"{user},{video},20220408,0,{time},1,0,0,0,0,0,0,{played},{duration},0,0,0,0,1"


def write(path: Path, *lines: str) -> None:
    path.write_text("".join(line + "\n" for line in lines))


def kuairand(folder: Path) -> Path:
    """Three videos, two viewers, five impressions over three files."""
    folder.mkdir(parents=True, exist_ok=True)
    write(
        folder / "video_features_basic_pure.csv",
        VIDEOS,
        '2,900,NORMAL,2022-04-02,Web,0,,720,1280,,,"3,7"',
        "0,901,NORMAL,2022-04-01,LongImport,0,20000.0,720,1280,55,9,12",
        "1,900,AD,2022-04-03,SomethingNew,0,8000.0,720,1280,-1,4,",
    )
    write(folder / "user_features_pure.csv", USERS, "1,full_active,0", "0,UNKNOWN,1")
    write(folder / STANDARD_1, LOG, log_row(1, 0, T + 50), log_row(0, 2, T + 10, duration=31_000))
    # Row 2 is everything at once; row 3 has the time of row 0.
    write(
        folder / STANDARD_2,
        LOG,
        f"0,1,20220422,0,{T + 90},1,1,1,1,1,1,1,9000,8000,0,0,1,0,14",
        log_row(1, 2, T + 50),
    )
    write(folder / RANDOM, LOG, log_row(1, 1, T + 70))
    return folder


def parquet(folder: Path) -> Path:
    """Two files of impressions, and histories of viewers 0 and 1; viewer 2 has one but no last time."""
    names = [name for name in LOG.split(",") if name not in ("date", "hourmin")]
    rows = [[0, 1, T + 5], [1, 0, T + 5], [0, 0, T + 1]]
    for part, file in ((rows[:2], "interactions.parquet"), (rows[2:], "interactions_2.parquet")):
        table = {name: [0] * len(part) for name in names}
        table |= {"user_id": [r[0] for r in part], "video_id": [r[1] for r in part], "time_ms": [r[2] for r in part]}
        folder.mkdir(exist_ok=True)
        pq.write_table(pa.table(table), folder / file)
    videos = {"video_id": [1, 0], "author_id": [5, 6], "upload_dt": ["2022-04-01"] * 2, "upload_type": ["Web", None]}
    videos |= {"video_duration": pa.array([None, 9000], pa.int32()), "music_id": [1, 2], "tag": ["1,2", None]}
    pq.write_table(pa.table(videos), folder / "videos.parquet")
    pq.write_table(pa.table({"user_id": [2, 0, 1]}), folder / "users.parquet")
    history = {"user_id": [1, 0, 1, 2], "pos": [-1, -1, -2, -1], "video_id": [0, 1, 1, 1]}
    history |= {"long_view": [1, 0, 0, 0], "is_like": [0, 1, 0, 0]}
    pq.write_table(pa.table(history), folder / "history.parquet")
    pq.write_table(pa.table({"user_id": [1, 0], "last_time_ms": [T - 9, T - 8]}), folder / "history_users.parquet")
    return folder


MATRIX = "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio"
DAILY = "video_id,date,author_id,video_type,upload_dt,upload_type,visible_status,video_duration,music_id,show_cnt"
CAPTIONS = (
    "video_id,manual_cover_text,caption,topic_tag,first_level_category_id,first_level_category_name,"
    "second_level_category_id,second_level_category_name,third_level_category_id,third_level_category_name"
)


def matrix_row(user: object, video: object, played: object, duration: object, timestamp: object) -> str:
    return f"{user},{video},{played},{duration},2020-07-05 00:08:23.438,20200705,{timestamp},1.27"


def kuairec(folder: Path) -> Path:
    """Two videos, two viewers, four impressions over two files, one of them without a time."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    write(
        data / "item_daily_features.csv",
        DAILY,
        "7,20200705,40,NORMAL,2020-07-01,ShortImport,public,10000.0,3,11",
        "3,20200705,41,NORMAL,2020-06-30,Kmovie,public,,-124,12",
        "7,20200706,40,NORMAL,2020-07-01,ShortImport,public,10000.0,3,900",
    )
    write(data / "item_categories.csv", "video_id,feat", "3,[8]", '7,"[27, 9, 1, 2, 5]"')
    # The caption of video 7 has a line break, a comma and quotes: what follows is one line further down.
    write(
        data / "kuairec_caption_category.csv",
        CAPTIONS,
        '7,UNKNOWN,"two\nlines, and ""quotes""",[],1,a,2,b,3,c',
        "3,UNKNOWN,,[],1,a,2,b,3,c",
    )
    write(data / "user_features.csv", "user_id,user_active_degree", "4,high_active", "2,full_active")
    write(data / "social_network.csv", "user_id,friend_list", "4,[2]")
    write(
        data / "big_matrix.csv",
        MATRIX,
        matrix_row(2, 7, 10_000, 10_000, "1593878903.438"),
        matrix_row(4, 3, 17_999, 40_000, "1593878900.0"),
    )
    write(
        data / "small_matrix.csv",
        MATRIX,
        matrix_row(4, 7, 18_000, 40_000, ""),
        matrix_row(4, 3, 18_000, 40_000, "1593878999"),
    )
    return folder
