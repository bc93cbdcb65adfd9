from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from plainview.cli import why as command
from plainview.cli.why import why
from plainview.feed import experiments
from plainview.feed.configuration import Weight
from plainview.feed.heads import HEADS
from plainview.ledger.acts import Order
from plainview.ledger.notes import Note, NoteSignature
from plainview.platform.home import Home
from plainview.platform.releases import installed, installed_digest
from plainview.records import Page, decode, encode
from plainview.records.digests import commitment
from plainview.records.fields import to_text
from plainview.server.answers import page_answer
from tests.cli.homes import invoke
from tests.cli.test_verify import INSTALLED, only_verify
from tests.feed.experimented import experiment
from tests.oversight.pages import SALT
from tests.records.examples import EXAMPLES


@pytest.fixture(scope="module")
def answers(played: Path) -> dict[str, bytes]:
    """What was answered with a full page, the last in each mode."""
    found = {}
    with closing(Home(played).read()) as journal:
        for entry in journal.of_kind("page"):
            page = entry.record
            assert isinstance(page, Page)
            if len(page.items) == 8:
                cards = [msgspec.Raw(b"null")] * 8
                labels = [(number, "Sponsored") for number in page.orders]
                answer = msgspec.json.encode(page_answer(entry, cards, b"a note", "", labels))
                found["ordered" if page.orders else page.request.mode] = answer
    return found


@pytest.fixture
def files(answers: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory, which becomes the current one, with an answer in each mode."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for mode, answer in answers.items():
        Path(f"{mode}.json").write_bytes(answer)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what was said; on standard error alone where nothing was explained."""
    code = why(arguments)
    said = capsys.readouterr()
    assert "" in (said.out, said.err)
    return code, said.out + said.err


def page_in(path: Path) -> Page:
    return decode(Page, json.loads(path.read_bytes())["receipt"]["body"].encode())


def forged(path: Path, body: str) -> Path:
    """The answer in that file with another record, committed to as a server does that lies."""
    answer = json.loads(path.read_bytes())
    committed = commitment(SALT, body.encode())
    answer["receipt"] |= {"body": body, "salt": to_text(SALT), "commitment": to_text(committed)}
    Path("forged.json").write_text(json.dumps(answer))
    return Path("forged.json")


def test_a_page(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, answer = page_in(files / "personal.json"), json.loads((files / "personal.json").read_bytes())
    code, said = run(capsys, "personal.json")
    assert code == 0
    assert max(map(len, said.splitlines())) <= 80
    assert said.startswith(f"Page {page.n} of session {page.session}, for viewer {page.viewer}\n")
    flat = " ".join(said.split())
    for text in (
        f"Receipt record {answer['receipt']['index']} of the log",
        "Mode personal: ",
        f"Ranked by release {installed_digest()} Under the charter of record 0; last decision, order or ",
        f"From what was learned up to epoch {page.epoch} ({page.epoch_digest})",
        "Asked for at most 8 videos; region ",
        "Experiments none",
        "Orders none",
        "you blocked its creator (blocked-creator)",
        "Checked: values, places and chances fit each other",
        "All that was predicted of one: plainview why personal.json VIDEO",
        f"Allowed by records {', '.join(map(str, page.grounds))}: the acts that let the release rank",
    ):
        assert text in flat
    for place, item in enumerate(page.items, 1):
        assert f"{place:2}. video {item.video}\n" in said
    assert said.count("    Counted ") == len(page.items)


def test_a_plain_page(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "plain.json")
    assert code == 0
    flat = " ".join(said.split())
    assert "Mode plain: no profile. Nothing you watched or liked went into it" in flat
    assert ", in a list drawn up at epoch" in flat
    assert "Checked: nothing on it was predicted, weighed or drawn." in flat
    assert "Counted" not in said
    assert "Value" not in said
    assert "VIDEO" not in said
    assert "Wanted" not in said
    assert "Allowed by" not in said


def test_a_baseline_says_what_was_wanted(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(Path("plain.json").read_text())
    page = replace(decode(Page, answer["receipt"]["body"].encode()), wanted="personal")
    answer["receipt"] |= {
        "body": encode(page).decode(), "salt": to_text(SALT), "commitment": to_text(commitment(SALT, encode(page)))
    }  # fmt: skip
    Path("baseline.json").write_text(json.dumps(answer))
    code, said = run(capsys, "baseline.json")
    assert code == 0, said
    flat = " ".join(said.split())
    assert "Wanted personal: as the receipt says, no act let the release rank then; this is the baseline" in flat


def test_one_video(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = page_in(files / "personal.json").items[2]
    code, said = run(capsys, "personal.json", str(item.video))
    assert code == 0
    assert max(map(len, said.splitlines())) <= 80
    assert said.count(". video ") == 1
    assert f" 3. video {item.video}\n" in said
    table = [line for line in said.splitlines() if " x " in line and " = " in line]
    assert len(table) == len(HEADS)
    for line in table:
        predicted, weight, counts = (float(line[43:].split()[at]) for at in (0, 2, 4))
        assert abs(predicted * weight - counts) < 0.001


def test_json_is_exact(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = page_in(files / "personal.json")
    code, said = run(capsys, "personal.json", "--json")
    answer = json.loads(said)
    assert (code, answer["judged"], answer["unknown"], answer["findings"]) == (0, True, "", 0)
    assert answer["index"] == json.loads((files / "personal.json").read_bytes())["receipt"]["index"]
    assert answer["release"] == page.release
    shown = json.loads((files / "personal.json").read_bytes())["videos"]
    for one, there in zip(answer["videos"], shown, strict=True):
        assert {each["head"]: each["predicted"] for each in one["predictions"]} == there["parts"]
        assert (one["value"], one["propensity"]) == (there["value"], there["propensity"])
    video = page.items[1].video
    (one,) = json.loads(run(capsys, "personal.json", str(video), "--json")[1])["videos"]
    assert one == answer["videos"][1]


def test_a_receipt_alone_is_enough(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "personal.json")[1]
    answer = json.loads((files / "personal.json").read_bytes())
    (files / "personal.json").write_text(json.dumps(answer["receipt"]))
    assert run(capsys, "personal.json") == (0, said)


def test_what_does_not_add_up(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = page_in(files / "personal.json")
    parts = (*page.items[3].parts[:8], 1_065_353_216, page.items[3].parts[9])  # a report is certain
    items = (*page.items[:3], replace(page.items[3], parts=parts), *page.items[4:])
    forged(files / "personal.json", encode(replace(page, items=items)).decode())
    code, said = run(capsys, "forged.json")
    assert code == 1
    flat = " ".join(said.split())
    assert said.count("FINDING") == 1
    assert "nothing in this release adds to that" in flat
    assert f"FOUND: what does not add up, at video {items[3].video}. Keep the file" in flat
    assert "Checked:" not in said
    # Also where another video is asked for.
    assert run(capsys, "forged.json", str(items[0].video))[0] == 1
    answer = json.loads(run(capsys, "forged.json", "--json")[1])
    assert (answer["findings"], len(answer["videos"][3]["findings"])) == (1, 1)


def test_experiments_and_orders_are_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By a release with an experiment in which half the viewers are."""
    arms = ("calm", 500_000, {"like": 2_000_000})
    configuration = replace(installed().configuration, experiments=(experiment("quiet", arms),))
    manifest = encode(replace(installed().manifest, configuration=configuration))
    (files / "manifest").write_bytes(manifest)
    page = replace(page_in(files / "personal.json"), release=to_text(hashlib.sha256(manifest).digest()))
    told = {
        "quiet:calm": "in quiet you are in calm: like counts 2 instead of 0.5",
        "quiet:control": "in quiet you are in control: nothing counts otherwise",
    }
    for viewer in range(8):
        (arm,) = experiments.names(configuration, experiments.places(configuration, viewer, page.now))
        forged(files / "personal.json", encode(replace(page, viewer=viewer, arms=(arm,), items=(), orders=())).decode())
        code, said = run(capsys, "forged.json", "--manifest", "manifest")
        assert (code, f"Experiments {told.pop(arm, '')}" in " ".join(said.split())) == (0, True)
    assert not told
    forged(files / "personal.json", encode(replace(page, items=(), orders=())).decode())
    code, said = run(capsys, "forged.json", "--manifest", "manifest")
    assert code == 1
    assert "FINDING its arms are none, and this release has this viewer in quiet:" in " ".join(said.split())
    assert "FOUND: what does not add up, at its arms or orders. Keep the file" in " ".join(said.split())


@pytest.fixture
def order(files: Path) -> Order:
    """The one that is due for `ordered.json`, as `orders.json` has it."""
    page = page_in(files / "ordered.json")
    video = page.items[6].video
    where, span = (page.request.region,), (page.now, page.now + 1)
    made = Order("log.example", page.orders[0], video, where, *span, 5, "Sponsored", "the campaign")
    note = Note(made.text(), (NoteSignature("ordering.example", b"abcd", b"0"),))
    answer = {"epoch": 3, "orders": [{"order": 1, "note": note.encode().decode()}], "days": []}
    (files / "orders.json").write_text(json.dumps(answer))
    return made


def test_who_gave_an_order_is_told(files: Path, capsys: pytest.CaptureFixture[str], order: Order) -> None:
    code, said = run(capsys, "ordered.json")
    flat = " ".join(said.split())
    assert code == 0
    assert f"Orders {order.number}: who gave it and why is what /v1/orders answers (--orders)" in flat
    assert f"put there by order {order.number}, whatever its value" in flat
    assert "and it was not placed by that" in flat
    code, said = run(capsys, "ordered.json", "--orders", "orders.json")
    assert code == 0
    assert (
        f'Orders {order.number} put video {order.video} there, to be labelled "Sponsored". Why, as its note says: the '
        "campaign. Signed by ordering.example "
    ) in " ".join(said.split())
    answer = json.loads(run(capsys, "ordered.json", "--orders", "orders.json", "--json")[1])
    assert (answer["given"][0]["label"], answer["videos"][6]["order"]) == ("Sponsored", order.number)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"video": 5}, "which is for video 5"),
        ({"regions": ("AQ",)}, "which is not for region '"),
        ({"begins": 1, "until": 2}, "which is from 1970-01-01 00:00:00.001 UTC to"),
    ],
)
def test_an_order_that_does_not_reach_so_far(
    files: Path, capsys: pytest.CaptureFixture[str], order: Order, changes: dict[str, object], told: str
) -> None:
    note = Note(replace(order, **changes).text(), (NoteSignature("ordering.example", b"abcd", b"0"),))
    (files / "orders.json").write_text(json.dumps({"orders": [{"note": note.encode().decode()}]}))
    code, said = run(capsys, "ordered.json", "--orders", "orders.json")
    assert code == 1
    assert f"was placed by order {order.number}, {told}" in " ".join(said.split())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{}", "orders: not an answer of /v1/orders ('Object missing required field"),
        (b'{"orders": [{"note": "hello"}]}', "note"),
        (b"\xff", "orders: not an answer of /v1/orders"),
    ],
)
def test_orders_that_are_none(files: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str) -> None:
    (files / "orders.json").write_bytes(content)
    code, said = run(capsys, "personal.json", "--orders", "orders.json")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: orders.json: ")
    assert told in said


def test_a_page_without_videos(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forged(files / "personal.json", encode(replace(page_in(files / "personal.json"), items=())).decode())
    code, said = run(capsys, "forged.json")
    assert code == 0
    assert "There is no video on this page." in said
    assert "it has none" in run(capsys, "forged.json", "3")[1]


def test_another_record_than_was_committed_to(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads((files / "personal.json").read_bytes())
    answer["receipt"]["body"] = answer["receipt"]["body"].replace('"n":', '"n":1')
    (files / "personal.json").write_text(json.dumps(answer))
    code, said = run(capsys, "personal.json")
    assert code == 1
    assert said == "Not explained: personal.json: receipt: its commitment is not that of its salt and body.\n"


def test_the_manifest_of_another_release(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "manifest").write_bytes(encode(installed().manifest))
    whole = run(capsys, "personal.json")[1]
    assert run(capsys, "personal.json", "--manifest", "manifest") == (0, whole)
    # The same code with other libraries is another release.
    here = replace(installed().manifest, lock=to_text(bytes(32)))
    monkeypatch.setattr(command, "installed", lambda: installed()._replace(manifest=here))
    monkeypatch.setattr(command, "installed_digest", lambda: to_text(bytes(32)))
    code, said = run(capsys, "personal.json")
    flat = " ".join(said.split())
    assert code == 3
    assert (
        f"Not weighed: release {page_in(files / 'personal.json').release} is not the one that comes with the code here"
        in flat
    )
    assert "can be given as --manifest FILE" in flat
    assert said.count("    Predicted ") == 8
    assert "Filters" not in said
    answer = json.loads(run(capsys, "personal.json", "--json")[1])
    assert (answer["judged"], answer["filters"], answer["videos"][0]["sum"]) == (False, None, None)
    assert run(capsys, "personal.json", str(answer["videos"][0]["video"]))[0] == 3
    assert run(capsys, "personal.json", "--manifest", "manifest") == (0, whole)
    monkeypatch.setattr(
        command, "installed", lambda: installed()._replace(manifest=replace(here, source=to_text(bytes(32))))
    )
    code, said = run(capsys, "personal.json", "--manifest", "manifest")
    assert code == 3
    assert "is not what is installed here: install that release" in " ".join(said.split())


def test_a_manifest_that_is_not_the_releases(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "manifest").write_bytes(encode(installed().manifest) + b"\n")
    code, said = run(capsys, "personal.json", "--manifest", "manifest")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: manifest: is not the manifest of release ")
    assert run(capsys, "personal.json", "--manifest", "no") == (2, "error: no: No such file or directory\n")
    value = (Weight(head="dwell", weight=1),)
    odd = encode(replace(installed().manifest, configuration=replace(installed().configuration, value=value)))
    for data, says in (
        (odd, "of no release that can be run: configuration: no head is called 'dwell'"),
        (b"{}", "no manifest that can be read here: 'Manifest: Object missing required field"),
    ):
        (files / "manifest").write_bytes(data)
        page = replace(page_in(files / "personal.json"), release=to_text(hashlib.sha256(data).digest()))
        forged(files / "personal.json", encode(page).decode())
        code, said = run(capsys, "forged.json", "--manifest", "manifest")
        assert (code, said.count("\n")) == (2, 1)
        assert said.startswith(f"error: manifest: {says}")


def test_what_another_installation_wrote(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forged(files / "personal.json", encode(EXAMPLES["page"]).decode())
    code, said = run(capsys, "forged.json")
    assert code == 3
    assert "Predicted prediction 1 0.5000, prediction 2 0.0000" in " ".join(said.split())
    assert run(capsys, "forged.json", "78")[0] == 3


def cut(data: bytes) -> bytes:
    return data[:-100]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (cut, "personal.json: receipt: not JSON"),
        (lambda data: b"", "personal.json: receipt: not JSON"),
        (lambda data: b"\xff" + data, "personal.json: receipt: byte 0 is not UTF-8"),
        (lambda data: b'{"viewer":5,"videos":[]}', "an answer of /v1/feed or /v1/pages/INDEX"),
        (lambda data: b"[1,2]", "an answer of /v1/feed or /v1/pages/INDEX"),
        (lambda data: data + b" " * 2**23, "more than 8,388,608 bytes"),
        (lambda data: data.replace(b'"receipt"', b'"viewer"'), "'viewer' is there twice"),
    ],
)
def test_a_bad_file(
    files: Path, capsys: pytest.CaptureFixture[str], change: Callable[[bytes], bytes], says: str
) -> None:
    (files / "personal.json").write_bytes(change((files / "personal.json").read_bytes()))
    code, said = run(capsys, "personal.json")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("error: ")
    assert says in said


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{}", "is no page that can be read here: 'Page: Object missing required field `time`'"),
        ("no record", "is no page that can be read here"),
        ('{"\x1b[31m":1}', "is no page that can be read here"),
    ],
)
def test_a_record_that_is_no_page(files: Path, capsys: pytest.CaptureFixture[str], body: str, says: str) -> None:
    forged(files / "personal.json", body)
    code, said = run(capsys, "forged.json")
    assert (code, said.count("\n")) == (2, 1)
    assert says in said
    assert said.strip().isprintable()


def test_what_is_no_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    for name, says in (
        ("pipe", "pipe: is a pipe: save the answer to a file"),
        ("nothing", "nothing: No such file"),
        (".", ".: Is a directory"),
        ("n" * 300, "File name too long"),
        ("a\x1b[31m", r"'a\x1b[31m': No such file"),
    ):
        code, said = run(capsys, name)
        assert (code, said.count("\n")) == (2, 1)
        assert says in said


def test_a_video_that_is_not_on_the_page(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "personal.json", "1")
    assert code == 2
    videos = ", ".join(str(item.video) for item in page_in(files / "personal.json").items)
    assert said == f"error: personal.json: video 1 is not on this page: there are {videos}\n"
    with pytest.raises(SystemExit) as error:
        why(["personal.json", "first"])
    assert error.value.code == 2


@pytest.mark.parametrize("columns", ["20", "40", "80", "200"])
def test_nothing_is_cut_off_at_any_width(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    whole = run(capsys, "personal.json")[1]
    monkeypatch.setenv("COLUMNS", columns)
    assert run(capsys, "personal.json")[1].split() == whole.split()


def test_it_needs_only_what_verify_installs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "personal.json")[1]
    done = only_verify(files, "why", "personal.json", installed=f"{INSTALLED},numpy")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", said)
    done = only_verify(files, "why", "--help", installed=f"{INSTALLED},numpy")
    assert done.stdout.startswith("usage: plainview why")


def test_it_is_a_command_like_the_others(files: Path) -> None:
    assert invoke("why", "personal.json").output.startswith("Page ")
    assert invoke("why", "nothing").exit_code == 2
    assert " why " in invoke("--help").output
