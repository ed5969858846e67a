"""Giving the magics to a shell, and taking them away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from seedance_widgets.errors import SeedanceError
from seedance_widgets.magics.cell import run_cell
from seedance_widgets.magics.commands import help_text, run_line
from seedance_widgets.magics.completion import completions
from seedance_widgets.magics.vocabulary import NAME

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Give `shell` the magics and their completion."""
    unload(shell)  # loading twice must not complete twice

    def seedance(line: str, cell: str | None = None) -> Any:
        try:
            return run_line(line) if cell is None else run_cell(shell, line, cell)
        except SeedanceError as error:
            raise UsageError(str(error)) from None  # a sentence, no traceback

    seedance.__doc__ = help_text()

    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        offered = completions(shell, context)
        return {
            "completions": [SimpleCompletion(text, type=offered.kind) for text in offered.words],
            "matched_fragment": offered.begun,
            "ordered": True,
            "suppress": True,  # what Python would say to these words is noise
        }

    # IPython would turn $image into text; here it stays the object that it names.
    no_var_expand(seedance)
    shell.magics_manager.register_function(seedance, magic_kind="line_cell", magic_name=NAME)
    shell.Completer.custom_matchers.append(context_matcher(priority=100, identifier=NAME)(matcher))


def unload(shell: InteractiveShell) -> None:
    """Take the magics and their completion away again."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    custom = shell.Completer.custom_matchers
    custom[:] = [one for one in custom if getattr(one, "matcher_identifier", None) != NAME]
