"""The error of this package."""


class DataError(Exception):
    """Data that are missing, damaged or wrongly asked for; one statement for the user."""
