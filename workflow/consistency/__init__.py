"""Consistency of a reading: least bands, normal and abnormal, left and right, advice, the model's answer."""
