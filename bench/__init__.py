"""One command per published figure: `python -m bench.NAME [--data DIR] [--json] [--seed N]`."""

from pathlib import Path

from plainview.platform.releases import kernel_cache

kernel_cache(Path(__file__).parents[1] / ".kernels")
