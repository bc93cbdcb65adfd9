"""Private keys where they lie, which no room above reads or writes otherwise; and those of clients' sessions."""
