"""Unanswered questions, and FAQ content added by administrators."""
