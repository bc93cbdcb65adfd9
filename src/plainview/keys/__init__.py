"""Private keys where they lie: no room above reads or writes one otherwise. And those that clients make for sessions."""
