"""Model monitoring: agreement, drift, shadow model and feature flag."""
