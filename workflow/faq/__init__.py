"""Unanswered questions, and what administrators teach."""
