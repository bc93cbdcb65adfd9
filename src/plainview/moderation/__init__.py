"""What is kept from viewers, and by which policy. What decides so far is `rules`, which is pure."""
