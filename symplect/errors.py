"""What went wrong, in one line that helps."""


class InputError(ValueError):
    """The input or the call is wrong: the message says what was expected, what was found and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class NotAvailableError(Exception):
    """Something the task needs is not here, a download or an optional package: the message says how to get it.

    A task that misses something is left out and named; the others go on.
    """


def one_line(said: object, most: int = 2000) -> str:
    """Returns a message as one line of at most so many characters, none of which a terminal obeys.

    Example:
        >>> one_line("two\\n lines \\x1b[31m"), one_line("a long one", most=6)
        ('two lines \\\\x1b[31m', 'a l...')
    """
    text = " ".join(str(said).split()) or type(said).__name__
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."
