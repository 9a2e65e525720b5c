"""Cardiac short-axis MRI: outlines of both ventricles and the muscle, measures that need no scale, and a reading."""
