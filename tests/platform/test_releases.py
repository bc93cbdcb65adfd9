from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Manifest
from plainview.platform import releases
from plainview.platform.faults import HomeError
from plainview.platform.home import RELEASE, Home
from plainview.records import decode, encode
from plainview.records.fields import to_bytes
from plainview.replay.bundles import pack, source_digest, source_of
from plainview.replay.locks import LOWERED
from tests.replay.releases import manifested

QUIET = {name: value for name, value in os.environ.items() if name != releases.CACHE}


def run(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], env=QUIET | environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_manifest_reads_back() -> None:
    manifest = releases.installed().manifest
    assert manifest.configuration == DEFAULT
    assert decode(Manifest, encode(manifest)) == manifest
    assert len(to_bytes(releases.installed_digest())) == 32
    assert len(to_bytes(releases.environment_digest())) == 32


def test_digests_are_the_same_in_another_process() -> None:
    code = "from plainview.platform import releases as r; print(r.installed_digest(), r.environment_digest())"
    found = run(code, PYTHONHASHSEED="7", **{name: "" for name in LOWERED if name not in os.environ})
    assert found.split() == [releases.installed_digest(), releases.environment_digest()]


@pytest.mark.parametrize("setting", [{"NUMBA_CPU_NAME": "generic"}, {"OPENBLAS_CORETYPE": "Haswell"}])
def test_a_lowered_cpu_is_another_environment(setting: dict[str, str]) -> None:
    code = "from plainview.platform import releases as r; print(r.installed_digest(), r.environment_digest())"
    release, environment = run(code, **setting).split()
    assert release == releases.installed_digest()
    assert environment != releases.environment_digest()


def test_a_release_keeps_its_own_app(tmp_path: Path) -> None:
    """One that differs in it alone is computed here, and not served."""
    base = releases.bundle_of(releases.installed())
    other = manifested(replace(base, ui={"index.html": b"<!doctype html>"}))
    assert releases.bundle_of(releases.opened(other)) == other
    with pytest.raises(HomeError, match=f"release {other.release} has app"):
        Home(tmp_path).install(other)
    (tmp_path / RELEASE).write_bytes(pack(other))
    with pytest.raises(HomeError, match=f"release {other.release} has app"):
        _ = Home(tmp_path).release


def test_two_cpus_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a virtual machine calls all of them."""

    def told(model: int) -> str:
        text = f"cpu family\t: 6\nmodel\t\t: {model}\nmodel name\t: Xeon\nstepping\t: 2\nflags\t\t: sse fma\n"
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
        return releases._cpu()[0]

    assert told(207) == "Xeon, family 6, model 207, stepping 2"
    assert told(167) == "Xeon, family 6, model 167, stepping 2"


def package(path: Path) -> Path:
    for room in ("feed", "learning", "moderation/rules", "moderation", "records", "server"):
        (path / room / "inner").mkdir(parents=True)
        (path / room / "a.py").write_text("A = 1\n")
        (path / room / "inner" / "b.py").write_text("B = 2\n")
    return path


def test_source_digest_sees_every_byte_and_name(tmp_path: Path) -> None:
    top = package(tmp_path)
    seen = {source_digest(source_of(top))}
    for change in (
        lambda: (top / "feed" / "a.py").write_text("A = 2\n"),
        lambda: (top / "records" / "inner" / "b.py").rename(top / "records" / "inner" / "c.py"),
        lambda: (top / "learning" / "new.py").write_text(""),
        lambda: (top / "moderation" / "rules" / "a.py").write_text("A = 2\n"),
    ):
        change()
        digest = source_digest(source_of(top))
        assert digest not in seen
        seen.add(digest)


def test_source_digest_looks_at_the_algorithm_alone(tmp_path: Path) -> None:
    top = package(tmp_path)
    before = source_digest(source_of(top))
    (top / "server" / "a.py").write_text("A = 3\n")
    (top / "moderation" / "a.py").write_text("A = 3\n")
    (top / "feed" / "__pycache__").mkdir()
    (top / "feed" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert source_digest(source_of(top)) == before


def test_source_digest_does_not_confuse_a_name_with_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for top, name, text in ((one, "a.py", "bc"), (two, "ab.py", "c")):
        (top / "feed").mkdir(parents=True)
        (top / "feed" / name).write_text(text)
    assert source_digest(source_of(one)) != source_digest(source_of(two))


def test_measuring_imports_neither_numba_nor_kernels() -> None:
    code = """
import sys
from plainview.platform import home, releases
releases.installed_digest(), releases.environment_digest()
print([name for name in sys.modules if name == "numba" or name.startswith("plainview.feed.kernels")])
"""
    assert run(code) == "[]"


def test_kernel_cache_is_private_to_the_code(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from plainview.platform.releases import kernel_cache
directory = kernel_cache(Path(sys.argv[1]))
assert kernel_cache(Path(sys.argv[1])) == directory
from numba import config
assert Path(config.CACHE_DIR) == directory
assert kernel_cache(Path(sys.argv[1])) == directory
print(directory)
"""
    code = code.replace("sys.argv[1]", repr(str(tmp_path)))
    assert run(code) == str(tmp_path / releases.installed_code())


def test_kernel_cache_keeps_to_where_the_user_wants_it(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from plainview.platform.releases import kernel_cache
print(kernel_cache(Path({str(tmp_path)!r})))
"""
    elsewhere = tmp_path / "elsewhere"
    assert run(code, NUMBA_CACHE_DIR=str(elsewhere)) == str(elsewhere / releases.installed_code())
    # A process started by one that set it finds it set.
    assert run(code, NUMBA_CACHE_DIR=str(elsewhere / releases.installed_code())) == str(
        elsewhere / releases.installed_code()
    )


def test_own_kernels_lie_where_caches_of_the_user_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert releases.own_kernels() == tmp_path / "plainview" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert releases.own_kernels() == tmp_path / ".cache" / "plainview" / "kernels"


def test_where_no_kernel_can_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = f"""
from pathlib import Path
from plainview.platform.releases import CacheUnusable, kernel_cache
try:
    kernel_cache(Path({str(tmp_path / "file" / "kernels")!r}))
except CacheUnusable as error:
    print(error)
"""
    said = run(code)
    assert said.startswith(str(tmp_path / "file"))
    assert "Not a directory" in said
    assert "set NUMBA_CACHE_DIR to" in said


def test_kernel_cache_comes_too_late_once_numba_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(releases.CACHE, raising=False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    with pytest.raises(RuntimeError, match="before its cache"):
        releases.kernel_cache(tmp_path)
