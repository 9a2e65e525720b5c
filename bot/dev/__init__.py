"""Tools that are not the product: the Bot API sandbox, the demo, the benchmarks."""
