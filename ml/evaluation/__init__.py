"""Metrics, plots, comparisons and the model card."""
