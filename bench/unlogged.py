"""`plainview` with a log that promises and publishes nothing: `python -m bench.unlogged serve ...`.

For `bench.log_cost` alone: no option of the product turns its log off.
"""

from __future__ import annotations

from unittest.mock import patch

from plainview.cli import main
from plainview.platform.log.log import Log
from plainview.platform.log.publisher import Publisher

if __name__ == "__main__":
    with patch.object(Log, "promise", lambda *_: b""), patch.object(Publisher, "start", lambda _: None):
        main()
