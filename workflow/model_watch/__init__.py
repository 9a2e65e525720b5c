"""Agreement, drift, the shadow model and its switch."""
