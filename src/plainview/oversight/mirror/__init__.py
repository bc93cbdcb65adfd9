"""A mirror and monitor of a log: keeps all of it, checks all of it, and proves it where the log contradicts itself."""
