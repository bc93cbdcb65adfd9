from __future__ import annotations

import pytest

from plainview.cli.address import http_address
from plainview.platform.client import Client


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_an_address_is_one_that_a_client_takes(host: str) -> None:
    with Client(http_address(host, 8000)) as client:
        assert client.url == http_address(host, 8000)
