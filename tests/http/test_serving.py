from __future__ import annotations

import socket

import pytest

from plainview.http.serving import AddressTaken, check_address


def test_where_nobody_can_listen_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressTaken, match=rf"cannot listen on 127.0.0.1:{port} \(Address already in use\); give"):
            check_address("127.0.0.1", port)
    for host in ("x" * 64, "\xe9" * 64):
        with pytest.raises(AddressTaken, match=r"\(no name of a machine\); give another --port or --host"):
            check_address(host, port)
