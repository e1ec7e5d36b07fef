"""cinemyo: cine cardiac MR, from a folder of DICOM to the tables and figures of a study."""

__version__ = "0.1.0"
