"""What a doctor sees of a reading: the draft, ready readings, contradictions, the model's answer, earlier scans."""
