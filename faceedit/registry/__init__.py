"""Finding plugins, checking what they offer, and naming who offered what.

Each plugin is loaded on its own: one that cannot be used is remembered with the reason and skipped, the rest
works. The models that check an effect's options are made here from its signature.
"""

from faceedit.registry.collection import Registry
from faceedit.registry.loading import GROUP, WHEN_WORDS, Plugin
from faceedit.registry.options import RESERVED

__all__ = ["GROUP", "RESERVED", "WHEN_WORDS", "Plugin", "Registry"]
