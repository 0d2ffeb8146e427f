"""What a CI runs for this repository: one value, and a renderer of it for each forge."""
