"""The lineage of a study for those who have no cinemyo: RO-Crate, W3C PROV and a page to print; no identity inside."""
