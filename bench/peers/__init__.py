"""What our ranking and retrieval are measured against."""
