"""A search as people see it: its trials as table, figures and runs of MLflow."""
