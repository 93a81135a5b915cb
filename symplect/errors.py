"""What went wrong, in one line that helps."""

from collections.abc import Generator
from contextlib import contextmanager


class InputError(ValueError):
    """The input or the call is wrong: the message says what was expected, what was found and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class FitError(ArithmeticError):
    """A fit found no model: the message says why and what to do."""


class FitWarning(UserWarning):
    """A fit found a model, but not out of all of the data or not all of its numbers, as the message says."""


class NotAvailableError(Exception):
    """Something the task needs is not here, a download or an optional package: the message says how to get it.

    A task that misses something is left out and named; the others go on.
    """


class UnreadableError(ValueError):
    """A file is broken or of another kind, said in our own words; who reads the file says which one, and what to do."""


class LostError(Exception):
    """What ran elsewhere is gone without a result, since its process or machine was ended: ask for it again."""


def one_line(said: object, most: int = 2000) -> str:
    """Return a message as one line of at most so many characters, none of which a terminal obeys.

    Example:
        >>> one_line("two\\n lines \\x1b[31m"), one_line("a long one", most=6)
        ('two lines \\\\x1b[31m', 'a l...')
    """
    text = " ".join(str(said).split()) or type(said).__name__
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."


@contextmanager
def blamed_on(what: object, remedy: str) -> Generator[None]:
    """Say of whatever a file that comes from anywhere calls forth where it came from, and what to do.

    Args:
        what: was expected, such as a folder as symplect wrote it.
        remedy: last words of the message.

    Raises:
        InputError: the code within failed on what it was given.

    Example:
        >>> with blamed_on("a table of numbers", "write it again"):
        ...     {}["mean"]
        Traceback (most recent call last):
        symplect.errors.InputError: expected a table of numbers, found KeyError('mean'): write it again
    """
    try:
        yield
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        raise InputError(f"expected {what}, found {one_line(repr(error), 200)}: {remedy}") from error
