"""Real processes under scripted faults, and the checks that follow: `csss chaos`."""
