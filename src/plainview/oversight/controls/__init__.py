"""What the arrangement promises, as 44 controls: whether each is met, by what the partner has checked."""
