"""The demonstration: a real earthquake, real cities, synthetic people on simulated phones."""
