"""What people read: figures, report, MLflow, lineage."""
