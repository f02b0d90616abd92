"""What this package refuses to read, write or draw."""


class RecordError(Exception):
    """A record, table or figure that cannot be read, written or drawn; one line says why."""


class WordsError(RecordError):
    """A mistake in the words of the command line: the status is 2."""
