"""Job handlers, and the worker that runs them."""
