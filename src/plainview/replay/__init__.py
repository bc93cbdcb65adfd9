"""Whether a journal is what it must be: acts judged and the fence asked again, worlds and pages computed again."""
