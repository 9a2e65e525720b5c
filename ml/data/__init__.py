"""Data sets: index, split, loading, augmentation."""
