"""The linter: rules for supervised asyncio code, on any Python code base.

Standard library alone, and `regrow.errors`: ``python -m regrow.lint`` works where nothing else is installed.

- `rules`: each in a module with its page; `facts`: what they ask of a file; `fixes`: what mends that.
- `file`, `names`, `nodes`, `types`, `index`, `text`: a file as rules see it.
- `rule`, `model`: what rules are, and what they say.
- `run`, `checker`, `engine`: files through all rules; `mending`, `fixing`: files through their fixes.
- `commands`, `formats`: the command line; `audit`, `ratchet`, `migrate`: the commands of these names.
"""
