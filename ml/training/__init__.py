"""Training, fine-tuning, calibration and export."""
