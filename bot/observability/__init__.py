"""Logs, metrics, audit anchors and process tuning."""
