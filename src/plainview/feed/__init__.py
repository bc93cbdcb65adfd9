"""The algorithm, pure: sources -> features -> filters -> scorers -> selectors -> a page with its trace."""
