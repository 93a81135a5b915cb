"""What went wrong, in one line that helps."""


class InputError(ValueError):
    """The input or the call is wrong: the message says what was expected, what was found and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """
