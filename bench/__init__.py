"""One command per published figure: `python -m bench.NAME [--data DIR] [--json] [--seed N]`."""
