"""Every error that faceedit raises on purpose.

FaceEditError                 one line for the user, no traceback
├── RecipeError               the recipe cannot be used (exit 2)
│   ├── UnknownPart           a part expression names no known part
│   └── UnknownEffect         no installed plugin offers the effect
├── UsageError                the command line or the folders cannot be used (exit 2)
├── SetupError                this installation cannot do it (exit 3)
│   ├── PluginLoadError       a plugin could not be loaded
│   ├── PluginConflict        two plugins offer the same name
│   └── ModelError            a model is missing, unfit or unsafe
└── PhotoError                one photo failed, the run goes on (exit 1)
    ├── UnreadablePhoto       the file is no picture that can be read whole
    ├── EffectError           an effect raised or returned something unfit
    └── Withheld              redaction cannot be promised, so nothing is written (exit 4)
"""


class FaceEditError(Exception):
    """The base of all errors for users: what went wrong, and a hint what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.message, self.hint)


class RecipeError(FaceEditError):
    """The recipe cannot be used as it stands."""

    exit_code = 2


class UnknownPart(RecipeError):
    """A part expression names a part that does not exist, or cannot be read."""


class UnknownEffect(RecipeError):
    """No installed plugin offers an effect of this name."""


class UsageError(FaceEditError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class SetupError(FaceEditError):
    """Something is missing or broken in this installation."""

    exit_code = 3


class PluginLoadError(SetupError):
    """A plugin could not be imported or does not follow the hook specifications."""


class PluginConflict(SetupError):
    """Two plugins offer the same name."""


class ModelError(SetupError):
    """A model is missing, has other parts, or comes in an unsafe format."""


class PhotoError(FaceEditError):
    """One photo could not be done."""

    exit_code = 1


class UnreadablePhoto(PhotoError):
    """The file is no picture, is damaged, or is of a kind that is not supported."""


class EffectError(PhotoError):
    """An effect raised, or returned something other than an image of the region's shape."""


class Withheld(PhotoError):
    """Redaction cannot be promised for this photo; nothing was written."""

    exit_code = 4


def reason(error: BaseException) -> str:
    """What somebody else's exception says, on one line of at most 300 characters."""
    try:
        said = str(error)
    except Exception:  # somebody else's code, too
        said = ""
    return " ".join(f"{type(error).__name__}: {said}".split())[:300].removesuffix(":")
