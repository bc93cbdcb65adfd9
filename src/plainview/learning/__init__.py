"""How the world learns, pure: the fold over the journal, its model and counters, epochs, offline evaluation."""
