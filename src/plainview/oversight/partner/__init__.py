"""The partner's program: follows a platform's log, holds its own acts against it, re-runs its pages, keeps findings."""
