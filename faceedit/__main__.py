"""`python -m faceedit` is the command line."""

from faceedit.cli import main

main()
