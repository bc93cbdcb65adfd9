"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# A kernel's first call compiles it: an example's time says nothing.
settings.register_profile("plainview", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("plainview")
