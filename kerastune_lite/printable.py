"""Text from users and files, safe to print."""


def printable(text: object, *, lines: bool = False) -> str:
    r"""`text` with escapes, as in its `repr`, for the characters that a terminal would obey or cannot show.

    Control characters, the marks that reverse the direction of text, and lone surrogates, for example.

    Args:
        text: Any text, or a value whose `str` is meant.
        lines: Whether it may have several lines; if not, a line break becomes `\n`.
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or (lines and one in "\n\t") else repr(one)[1:-1] for one in text)
