import os
import py_compile
import shutil
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from plainview.platform.bytecode import NotAsWritten, check_bytecode
from plainview.replay.bundles import ROOMS

HONEST, OTHER = "WEIGHT = 1\n", "WEIGHT = 2\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for room in ROOMS:
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "__init__.py").write_text("")
    (tmp_path / "feed" / "ranking.py").write_text(HONEST)
    return tmp_path


def kept(path: Path, source: str) -> Path:
    """Bytecode of `source`, where Python looks for that of `path`, and as new as its source."""
    path.write_text(source)
    cached = Path(cache_from_source(str(path)))
    py_compile.compile(str(path), cfile=str(cached), doraise=True)
    return cached


def test_what_is_installed_is_as_written() -> None:
    check_bytecode()


def test_bytecode_of_the_source_is_taken(package: Path) -> None:
    kept(package / "feed" / "ranking.py", HONEST)
    check_bytecode(package)


def test_bytecode_of_another_source_is_found(package: Path) -> None:
    path = package / "feed" / "ranking.py"
    path.write_text(HONEST)
    times = path.stat()
    cached = kept(path, OTHER)
    path.write_text(HONEST)  # as long, and as old by what the file system says
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    data = bytearray(cached.read_bytes())
    data[8:12] = (int(times.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    cached.write_bytes(data)
    with pytest.raises(NotAsWritten, match=r"ranking\.py: the bytecode kept beside it was not made from it\. Delete "):
        check_bytecode(package)


def test_bytecode_that_python_would_pass_over_does_not_matter(package: Path) -> None:
    path = package / "feed" / "ranking.py"
    kept(path, OTHER)
    path.write_text("WEIGHT = 12345\n")  # of another size
    check_bytecode(package)


def test_what_is_no_bytecode_is_found(package: Path) -> None:
    path = package / "feed" / "ranking.py"
    cached = kept(path, HONEST)
    cached.write_bytes(cached.read_bytes()[:16] + b"?")
    with pytest.raises(NotAsWritten, match="ranking"):
        check_bytecode(package)


@pytest.mark.parametrize("name", [f"ranking{EXTENSION_SUFFIXES[0]}", "ranking.so", "more.pyc"])
def test_what_would_run_in_the_place_of_source_is_found(package: Path, name: str) -> None:
    shutil.copy(package / "feed" / "ranking.py", package / "feed" / name)
    with pytest.raises(NotAsWritten, match="belongs to no release"):
        check_bytecode(package)
