"""What went wrong, in one line that helps."""


class InputError(ValueError):
    """The input or the call is wrong: the message says what was expected, what was found and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class NotAvailableError(Exception):
    """Something the task needs is not here, a download or an optional package: the message says how to get it.

    A task that misses something is left out and named; the others go on.
    """
