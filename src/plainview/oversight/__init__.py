"""Programs of those who watch a log and believe only what they have checked: its witness, its mirror."""
