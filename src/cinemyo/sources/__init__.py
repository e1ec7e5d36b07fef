"""Sources: one file per kind of data, each yielding cines and exclusions."""
