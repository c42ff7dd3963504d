"""The errors a user can meet. Each prints as one line that names the field, the value and the rule."""

_LONGEST_VALUE = 120


def one_line(text: str, longest: int | None = None) -> str:
    """Return `text` with all white space runs as one blank, cut to `longest` characters when given."""
    flat = " ".join(text.split())
    if longest is None or len(flat) <= longest:
        return flat
    return flat[: longest - 3] + "..."


class ReprieveError(Exception):
    """Base of every error that Reprieve raises on purpose."""


class InputError(ReprieveError):
    """A value from outside breaks a rule.

    `field` is the name the user knows, `rule` a half sentence ("must be positive"), `fix` what to do instead.
    """

    def __init__(self, field: str, value: object, rule: str, fix: str = "") -> None:
        super().__init__(field, value, rule, fix)
        self.field = field
        self.value = value
        self.rule = rule
        self.fix = fix

    def __str__(self) -> str:
        """Return one line, whatever the value prints as."""
        line = f"{one_line(self.field)}: {one_line(repr(self.value), _LONGEST_VALUE)}: {one_line(self.rule)}"
        return f"{line}; {one_line(self.fix)}" if self.fix else line


class UnsupportedError(InputError):
    """A wish we understand but cannot serve: no published model. `rule` says the reason."""


class NumericsError(ReprieveError):
    """The asked-for accuracy could not be reached."""
