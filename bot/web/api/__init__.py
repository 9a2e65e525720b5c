"""The JSON API of the desk: the same reads and verbs as its pages, for programs."""
