"""A C2SP tlog-witness: cosigns a log's checkpoint only if it continues the one cosigned before."""
