"""A sweep as people see it: a ranking as table and page, a figure of accuracy against cost, and runs of MLflow."""
