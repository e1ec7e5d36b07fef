"""A patient leaves a study: refused from now on, deleted wherever the project reaches, certified."""
