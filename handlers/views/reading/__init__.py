"""Views of a reading: the draft, ready readings, contradictions, the answer of the model, earlier scans."""
