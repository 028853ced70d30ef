"""Finding plugins, checking what they offer, and naming who offered what.

A plugin's code runs only when something that it offers is used: `index` remembers what each offers. Each is loaded on
its own (`loading`): one that cannot be used is remembered with the reason and skipped, the rest works. `options` makes
the models that check an effect's options from its signature, `selection` says which plugins a run may use.
"""

from faceedit.registry.collection import Registry
from faceedit.registry.files import PluginFile
from faceedit.registry.index import forget_broken
from faceedit.registry.loading import GROUP, WHEN_WORDS, offers_of
from faceedit.registry.options import RESERVED
from faceedit.registry.plugin import Offers, Plugin
from faceedit.registry.selection import Selection

__all__ = [
    "GROUP",
    "RESERVED",
    "WHEN_WORDS",
    "Offers",
    "Plugin",
    "PluginFile",
    "Registry",
    "Selection",
    "forget_broken",
    "offers_of",
]
