"""`plainview oversee report`, and `plainview verify` of what it draws up."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.cli.verify import verify
from plainview.ledger.charters import digest_text
from plainview.ledger.notes import parse_note
from plainview.oversight.partner.directory import AUDITOR, JOURNAL, LOCK, LOG, MIRROR, REPORTS, alone, read_keys
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.reports import Reports
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import Number, Report, read_report
from plainview.platform.log.opening import KEY
from plainview.records import Act
from plainview.records.leaf import public_leaf
from plainview.storage import SqliteRecords
from tests.cli.homes import invoke, one_line
from tests.oversight.controls.town import Town
from tests.platform.homes import parties_of
from tests.platform.parties import Parties

NAME = "1.plainview-report"


@pytest.fixture
def directory(kept: Town, tmp_path: Path) -> Path:
    """The partner's, of one's own."""
    shutil.copytree(kept.directory, tmp_path / "partner")
    return tmp_path / "partner"


@pytest.fixture
def check(kept: Town, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Verifies a report: the exit code, and what was said."""

    def run(file: Path, *arguments: object) -> tuple[int, str]:
        code = verify([str(file), f"--charter={digest_text(kept.digest)}", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def report_in(directory: Path) -> Report:
    return read_report((directory / REPORTS / NAME).read_bytes())[1]


def unannounced(directory: Path) -> None:
    """Its journal ends where nothing has been reported on yet, and nobody has reported."""
    shutil.rmtree(directory / LOG)
    (directory / LOG).mkdir()


def test_all_numbers_recompute_where_the_records_were_opened(
    kept: Town, directory: Path, check: Callable[..., tuple[int, str]]
) -> None:
    report = report_in(directory)
    code, said = check(directory / REPORTS / NAME, "--copy", directory)
    assert code == 0, said
    count, last = len(report.numbers), report.upto - 1
    assert said.startswith(f"Proven: all {count} numbers of report 1 on records 0 to {last} of the log ")
    assert f"and announced by record {kept.act('report').index}.\n" in said
    assert f"Not proven: that pages were re-run as the auditor says in record {report.verification}.\n" in said


def test_whoever_is_given_the_records_needs_no_key(
    directory: Path, tmp_path: Path, check: Callable[..., tuple[int, str]]
) -> None:
    for part in (MIRROR, JOURNAL):
        shutil.copytree(directory / part, tmp_path / "regulator" / part)
    code, said = check(directory / REPORTS / NAME, "--copy", tmp_path / "regulator")
    assert (code, said.startswith("Proven: all ")) == (0, True)


def test_what_is_public_recomputes_from_a_mirror_alone(directory: Path, check: Callable[..., tuple[int, str]]) -> None:
    public = sum(one.mark == "public" for one in report_in(directory).numbers)
    code, said = check(directory / REPORTS / NAME, "--copy", directory / MIRROR)
    assert code == 0, said
    assert said.startswith(f"Proven: the {public} public numbers of report 1 on records 0 to ")
    rest = len(report_in(directory).numbers) - public
    assert f"; its {rest} opened numbers, which a partner's directory with these records opened shows.\n" in said


def test_what_a_partners_directory_takes_is_told(
    directory: Path, check: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plainview.oversight.partner.log_records", None)
    code, said = check(directory / REPORTS / NAME, "--copy", directory)
    assert (code, "install plainview[learn], or give a mirror's copy" in said) == (2, True)
    assert check(directory / REPORTS / NAME, "--copy", directory / MIRROR)[0] == 0


def test_the_numbers_are_those_of_the_town(kept: Town, directory: Path) -> None:
    report = report_in(directory)
    numbers = {one.name: one.value for one in report.numbers}
    records = kept.records[: report.upto]
    pages = [one.record for one in records if one.kind == "page"]
    assert numbers["records page"] == str(len(pages)) == numbers["rerun pages"] == numbers["rerun identical"]
    assert numbers["pages plain"] == "1"
    assert int(numbers["pages personal"]) == sum(one.request.mode == "personal" for one in pages)
    assert numbers["pages ordered"] == f"{sum(bool(one.orders) for one in pages)}/{len(pages)}"
    assert numbers["decisions removed"] == numbers["decisions lifted"] == numbers["refused impression"] == "1"
    assert numbers["acts emergency"] == numbers["refusals"] == "1"
    assert numbers["findings"] == numbers["records unread"] == "0"


@pytest.mark.parametrize("mark", ["public", "opened"])
def test_a_number_that_was_changed_is_named(
    kept: Town, directory: Path, check: Callable[..., tuple[int, str]], mark: str
) -> None:
    report = report_in(directory)
    name, value = ("epochs", "77") if mark == "public" else ("pages plain", "77")
    old = next(one for one in report.numbers if one.name == name)
    text = report.text().replace(f"{mark} {name} {old.value}\n", f"{mark} {name} {value}\n")
    file = directory / REPORTS / NAME
    for signed in (file.read_bytes().replace(report.text().encode(), text.encode()), by_auditor(kept, text)):
        file.write_bytes(signed)
        code, said = check(file, "--copy", directory)
        assert code == 1
        assert f": report 1 on records 0 to {report.upto - 1} does not recompute: {mark} {name} is 77, and " in said
        assert said.endswith(f" {old.value} by the log.\n")
    code, said = check(file, "--copy", directory / MIRROR)
    assert code == 1
    announces = f"is not what record {kept.act('report').index} announces as report 1" in said
    assert announces == (mark == "opened")


def test_one_that_the_log_does_not_announce(kept: Town, directory: Path, check: Callable[..., tuple[int, str]]) -> None:
    file = directory / REPORTS / NAME
    file.write_bytes(by_auditor(kept, report_in(directory).text().replace("number 1\n", "number 9\n")))
    code, said = check(file, "--copy", directory)
    assert (code, "; that the log announces it, as this copy has no such act yet" in said) == (0, True)


def by_auditor(town: Town, text: str) -> bytes:
    return Parties(town.home).note(text, "auditor").encode()


def test_a_report_that_no_auditor_signed(kept: Town, directory: Path, check: Callable[..., tuple[int, str]]) -> None:
    file = directory / REPORTS / NAME
    file.write_bytes(Parties(kept.home).note(report_in(directory).text(), "partner").encode())
    code, said = check(file, "--copy", directory)
    assert (code, "is not signed by an auditor: note: no signature of a known key" in said) == (1, True)


def test_what_cannot_be_checked(
    kept: Town, directory: Path, tmp_path: Path, check: Callable[..., tuple[int, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = directory / REPORTS / NAME
    for arguments, message in (
        ((), "give a mirror's copy or a partner's directory as --copy DIR"),
        (("--copy", tmp_path), "neither a mirror's copy of a log nor a partner's directory"),
        (("--copy", directory, "--entry", file), "leave --entry, --receipt and --charter-file out"),
    ):
        code, said = check(file, *arguments)
        assert (code, message in said, len(said.splitlines())) == (2, True, 1), said
    assert verify([str(file), "--log", read_keys(directory).log.key.vkey(), "--copy", str(directory)]) == 2
    assert "who is an auditor says the log's charter" in capsys.readouterr().err
    later = report_in(directory).text().replace(f"upto {report_in(directory).upto}\n", "upto 1000000\n")
    file.write_bytes(Parties(kept.home).note(later, "auditor").encode())
    code, said = check(file, "--copy", directory)
    assert (code, "needs a copy of all of these, and this one has" in said) == (2, True)
    file.write_bytes(b"plainview/report/v1\nlog\n")
    code, said = check(file, "--copy", directory)
    assert (code, "no empty line between text and signatures" in said) == (2, True)
    (tmp_path / "act").write_bytes(kept.act("report").record.note.encode())
    code, said = check(tmp_path / "act", "--copy", directory)
    assert (code, "is no report, which --copy is for" in said) == (2, True)


def test_in_a_directory_with_a_mirrors_copy(
    kept: Town, directory: Path, tmp_path: Path, check: Callable[..., tuple[int, str]]
) -> None:
    place = tmp_path / "given"
    shutil.copytree(directory / MIRROR, place / "mirror")
    shutil.copy(directory / REPORTS / NAME, place)
    code, said = check(place)
    assert code == 0, said
    assert f"proven: {NAME}: the " in said
    shutil.rmtree(place / "mirror")
    code, said = check(place)
    assert (code, "and no copy of that log is given to compute it again by" in said) == (2, True)


def test_nothing_new_to_report(directory: Path) -> None:
    before = (directory / REPORTS / NAME).read_bytes()
    said = one_line(result := invoke("oversee", "report", directory))
    assert result.exit_code == 2
    end = report_in(directory).upto - 1
    assert said.startswith(f"error: there is nothing to report: since report 1, which ends with record {end}, the log")
    assert (directory / REPORTS / NAME).read_bytes() == before


def test_one_that_is_on_its_way(kept: Town, directory: Path) -> None:
    keys = read_keys(directory)
    note = parse_note(kept.act("report").record.note.encode())
    OwnLog(directory / LOG, keys.log).append(keys.auditor.note(note.text.replace("number 1\n", "number 2\n")))
    said = one_line(result := invoke("oversee", "report", directory))
    assert result.exit_code == 2
    assert "report 2, act 5 of the partner's log, is not in the operator's as mirrored" in said


@pytest.mark.parametrize("gone", ["refused", "given up"])
def test_one_that_no_log_will_ever_count_is_not_waited_for(
    kept: Town, directory: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """The operator's log has it as an act that does not count; or no party of the charter in force has signed it."""
    keys = read_keys(directory)
    text = parse_note(kept.act("report").record.note.encode()).text.replace("number 1\n", "number 2\n")
    note = (keys.auditor if gone == "refused" else keys.log).note(text)
    OwnLog(directory / LOG, keys.log).append(note)
    if gone == "refused":
        assert "is not in the operator's as mirrored" in one_line(invoke("oversee", "report", directory))
        refused = Act(time=kept.evidence.newest, note=note.decode(), counts=False)
        changed(monkeypatch, kept.evidence.size + 1, public_leaf("act", refused))
    said = one_line(result := invoke("oversee", "report", directory))
    assert result.exit_code == 2
    assert said.startswith("error: there is nothing to report: since report 1, which ends with record ")


def test_one_whose_number_anothers_has_by_the_log_is_removed(kept: Town, directory: Path) -> None:
    file, there = directory / REPORTS / NAME, (directory / REPORTS / NAME).read_bytes()
    own = report_in(directory).text().replace("public epochs ", "public epochs 7")
    file.write_bytes(by_auditor(kept, own))
    assert invoke("oversee", "report", directory).exit_code == 2
    assert file.exists()  # this partner has announced number 1 itself: what was made of its file is to be seen
    unannounced(directory)
    file.write_bytes(there)
    assert invoke("oversee", "report", directory).exit_code == 2
    assert file.exists()  # it is what the log announces
    file.write_bytes(by_auditor(kept, own))
    assert invoke("oversee", "report", directory).exit_code == 2
    assert not file.exists()


def test_one_that_was_refused_is_kept_until_it_may_count(
    kept: Town, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its act is in the operator's log as one that does not count, and another report was drawn up under its number;
    then somebody hands it in again, and it does."""
    file, act = directory / REPORTS / NAME, kept.act("report")
    there = file.read_bytes()
    numbers = Counting.numbers

    def more(*given: Any, **named: Any) -> Any:
        """As after more was re-run: another text, and so another act."""
        return (*numbers(*given, **named), Number("opened", "zebras", "1"))

    with monkeypatch.context() as refused:
        changed(refused, act.index + 1, public_leaf("act", replace(act.record, counts=False)))
        refused.setattr(Counting, "numbers", more)
        drawn = invoke("oversee", "report", directory)
        assert drawn.exit_code == 0, drawn.stderr
        assert file.read_bytes() != there
        assert [one.name for one in Reports(directory / REPORTS).all()] == [NAME]
    assert invoke("oversee", "report", directory).exit_code == 2
    assert file.read_bytes() == there


def test_a_report_that_nobody_could_read_is_never_announced(
    kept: Town, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(monkeypatch, kept.act("report").index)
    unannounced(directory)
    (directory / REPORTS / NAME).unlink()
    numbers = Counting.numbers
    monkeypatch.setattr(Counting, "numbers", lambda *given, **named: numbers(*given, **named) * 2)
    said = one_line(result := invoke("oversee", "report", directory))
    assert (result.exit_code, "stands there twice" in said, said.startswith("error: nobody could read report 1 ")) == (
        2, True, True,
    )  # fmt: skip
    assert not (directory / REPORTS / NAME).exists()
    assert OwnLog(directory / LOG, read_keys(directory).log).entries() == ()


def test_one_that_would_be_announced_as_before(kept: Town, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its act is in the operator's log as one that does not count: an own log has an act once."""
    act = kept.act("report")
    refused = replace(act.record, counts=False)
    changed(monkeypatch, act.index + 1, public_leaf("act", refused))
    said = one_line(result := invoke("oversee", "report", directory))
    assert result.exit_code == 2
    assert "was announced before, and the operator's log has that as an act that does not count" in said


def test_a_directory_that_is_not_ready(kept: Town, directory: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no keys of a partner in it" in one_line(invoke("oversee", "report", tmp_path / "empty"))
    invoke("oversee", "new", tmp_path / "new", "--name", "partner.example")
    assert "no log was followed from here yet" in one_line(invoke("oversee", "report", tmp_path / "new"))
    with alone(directory / REPORTS):
        assert "another `plainview oversee report` is at work there" in one_line(invoke("oversee", "report", directory))
    (directory / AUDITOR).unlink()
    shutil.copy(parties_of(kept.home) / "operator" / KEY, directory / AUDITOR)
    said = one_line(result := invoke("oversee", "report", directory))
    assert result.exit_code == 2
    assert "is no auditor's by charter 1, in force: its report would not count" in said


def test_reports_are_read_by_their_names_alone(directory: Path) -> None:
    reports = Reports(directory / REPORTS)
    assert reports.read(NAME) == (directory / REPORTS / NAME).read_bytes()
    (directory / REPORTS / "junk.plainview-report").write_bytes(b"")
    (directory / REPORTS / "2.plainview-report").write_bytes(b"junk")
    names = [f"{number}.plainview-report" for number in ("٣", "01", "1\n")]
    for name in names:
        shutil.copy(directory / REPORTS / NAME, directory / REPORTS / name)
    long = f"{'9' * 300}.plainview-report"  # no file system has such a name
    for name in ("2", LOCK, "../auditor.key", "junk.plainview-report", "9.plainview-report", "", long, *names):
        assert reports.read(name) is None
    assert [one.name for one in reports.all()] == [NAME]


def test_it_is_drawn_up_again_where_it_was_not_announced(
    kept: Town, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ended between the file and the act: by a log that ends before the report."""
    before = (directory / REPORTS / NAME).read_bytes()
    act = kept.act("report").index
    changed(monkeypatch, act)
    (directory / REPORTS / NAME).write_bytes(b"half")
    unannounced(directory)
    drawn = invoke("oversee", "report", directory)
    assert drawn.exit_code == 0, drawn.stderr
    assert drawn.stdout.startswith(f"report 1 on records 0 to {report_in(directory).upto - 1}, ")
    assert "act 0 of the partner's log, which `plainview oversee run" in drawn.stdout
    assert (directory / REPORTS / NAME).read_bytes() == before
    again = one_line(invoke("oversee", "report", directory))
    assert "report 1, act 0 of the partner's log, is not in the operator's as mirrored" in again


def changed(monkeypatch: pytest.MonkeyPatch, size: int, last: bytes = b"") -> None:
    """The log as mirrored has so many records, and that last one."""
    from plainview.oversight.partner import reports
    from plainview.oversight.partner.following import Mirrored
    from plainview.oversight.partner.log_records import mirrored_in

    class Changed(Mirrored):
        def __init__(self, whole: Mirrored) -> None:
            self.__dict__ |= vars(whole)
            self.checkpoint = replace(whole.checkpoint, size=size, root=bytes(32) if last else whole.root(size))
            self.whole, self.upto = whole, size - bool(last)

        def entries(self, start: int, stop: int) -> Iterator[bytes]:
            yield from self.whole.entries(start, min(stop, self.upto))
            if start <= self.upto < stop and last:
                yield last

    monkeypatch.setattr(reports, "mirrored_in", lambda path: Changed(mirrored_in(path)))


def test_what_was_not_opened_yet(directory: Path, monkeypatch: pytest.MonkeyPatch, kept: Town) -> None:
    changed(monkeypatch, kept.act("report").index)
    unannounced(directory)
    shutil.rmtree(directory / JOURNAL)
    with closing(SqliteRecords(directory / JOURNAL, writing=True)):
        pass
    said = one_line(invoke("oversee", "report", directory))
    assert "there is nothing to report yet: records from 0 on were not opened to the partner" in said
    changed(monkeypatch, kept.act("verification").index)
    said: Any = one_line(invoke("oversee", "report", directory))  # type: ignore[no-redef]
    assert "there is nothing to report: the log has no act that says how far its pages were re-run" in said
    changed(monkeypatch, 0)
    said = one_line(invoke("oversee", "report", directory))
    assert "there is nothing to report: the log as mirrored has no records yet" in said
