"""The release tooling: errors, model, rules, plan, effects, faces; imports go back along that line only."""
