"""What this package refuses to read, write or draw."""


class RecordError(Exception):
    """A record, table or figure that cannot be read, written or drawn; one line says why."""
