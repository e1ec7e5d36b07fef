"""Table arithmetic on predictions; no model, no torch."""
