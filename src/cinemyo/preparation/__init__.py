"""From an ingested cine to a canvas: region, phases, geometry, intensity."""
