from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from plainview.cli.demo.children import free_port
from plainview.http.serving import AddressTaken, check_address


def test_where_nobody_can_listen_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken, match=rf"cannot listen on 127.0.0.1:{port} \(Address already in use\); give"):
            check_address("127.0.0.1", port)
    for host in ("x" * 64, "\xe9" * 64):
        with pytest.raises(AddressTaken, match=r"\(no name of a machine\); give another --port or --host"):
            check_address(host, port)


ENDING = """
import os, signal, sys
from litestar import Litestar
from plainview.http.serving import serve_app

def told(number, _):
    print(signal.Signals(number).name)

signal.signal(signal.SIGTERM, told)
serve_app(Litestar([]), "127.0.0.1", int(sys.argv[1]), lambda: os.kill(os.getpid(), signal.SIGTERM))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_signals_are_afterwards_whose_they_were() -> None:
    """Else a second one, as what was begun is brought to its end, would end the process at once."""
    done = subprocess.run(
        [sys.executable, "-c", ENDING, str(free_port())], stdout=subprocess.PIPE, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, f"{signal.SIGTERM.name}\n")
