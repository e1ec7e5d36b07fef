"""Exploration: jobs that are done once whatever happens, their cost, and their ranking by inner validation."""
