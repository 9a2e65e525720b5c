"""Training of the heart models: the segmenter of slices, and the reading by measures."""
