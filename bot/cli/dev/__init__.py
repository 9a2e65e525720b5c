"""Commands of the demo, the sandbox and the benchmark."""
