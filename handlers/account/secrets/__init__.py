"""Own passwords and codes that go astray."""
