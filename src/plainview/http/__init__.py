"""HTTP itself, whoever speaks it: an application answered at an address, a bounded fetch."""
