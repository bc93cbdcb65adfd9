from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from plainview.cli.demo import scenes
from plainview.cli.demo.scenes import charter
from plainview.cli.demo.stage import Missed, Stage
from plainview.cli.errors import CommandError
from tests.cli.homes import invoke


@pytest.fixture(autouse=True)
def _signals_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def played(monkeypatch: pytest.MonkeyPatch, *plays: Callable[[Stage], None]) -> None:
    """Have these be the scenes."""
    monkeypatch.setattr(scenes, "SCENES", plays)


def raises(error: BaseException) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.begin("A scene", "something happens")
        raise error

    return play


def test_it_ends_with_0_where_all_scenes_came_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str] = []
    played(monkeypatch, charter.play, lambda _: seen.append("one"), lambda _: seen.append("two"))
    place = tmp_path / "the town"
    done = invoke("demo", "--directory", place)
    assert (done.exit_code, seen) == (0, ["one", "two"]), done.output
    assert "Everything came out as it must." in done.stdout
    assert f"It all lies in {place}" in done.stdout
    assert f"  plainview serve --home '{place}/home' --port " in done.stdout
    assert f"  plainview oversee run '{place}/partner' --charter=" in done.stdout


def test_what_did_not_come_out_is_said_and_no_further_scene_is_played(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[str] = []
    played(monkeypatch, raises(Missed("nobody found [it]")), lambda _: seen.append("two"))
    done = invoke("demo", "--directory", tmp_path / "town")
    assert (done.exit_code, seen) == (1, [])
    assert "Not as it must be, in scene 1. A scene: nobody found [it]" in done.stdout
    assert "Everything" not in done.stdout


def test_what_could_not_be_played_is_told_with_its_scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    played(monkeypatch, raises(CommandError("the server did not start")))
    done = invoke("demo", "--directory", tmp_path / "town")
    assert done.exit_code == 2
    assert "scene 1. A scene: the server did not start" in done.stderr


def test_an_interrupt_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    played(monkeypatch, raises(KeyboardInterrupt()))
    done = invoke("demo", "--directory", tmp_path / "town")
    assert done.exit_code == 130
    assert "Interrupted in scene 1. A scene." in done.stdout


@pytest.mark.parametrize("error", [Missed("wrong"), CommandError("gone"), KeyboardInterrupt(), None])
def test_nothing_is_left_of_a_temporary_directory(
    error: BaseException | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen: list[Path] = []

    def play(stage: Stage) -> None:
        stage.home.mkdir()
        seen.append(stage.home)
        if error is not None:
            raise error

    played(monkeypatch, play)
    done = invoke("demo")
    assert seen[0].is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == [], done.output


def test_a_temporary_directory_is_kept_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    played(monkeypatch, charter.play)
    done = invoke("demo", "--keep")
    (kept,) = tmp_path.iterdir()
    assert (kept / "home").is_dir()
    assert f"It all lies in {kept}" in done.stdout


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    done = invoke("demo", "--directory", tmp_path)
    assert done.exit_code == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "precious").read_text() == "x"


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = invoke("demo", "--directory", tmp_path / "file" / "town")
    assert done.exit_code == 2
    assert "cannot be used" in done.stderr
