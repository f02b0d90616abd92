"""The error of this package, and how it says that no place gave the data."""

NO_DOWNLOAD = "could not be downloaded"


class DataError(Exception):
    """Data that are missing, damaged or wrongly asked for; one statement for the user."""
