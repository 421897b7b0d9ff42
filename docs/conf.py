"""Sphinx configuration. No intersphinx: the build needs no network."""

import regrow
from regrow.runtime import items, monitors, pid

# Their fields name what only type checkers import; a signature is read at run time.
vars(items).update(Monitor=monitors.Monitor, Pid=pid.Pid)

project = "Regrow"
author = "The Regrow maintainers"
project_copyright = "The Regrow maintainers"
version = release = regrow.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"Regrow {release}"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# `type` in an annotation is the built-in, though some records have a field of that name.
suppress_warnings = ["ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
# `regrow.GenServer`, not the module it happens to live in.
add_module_names = False
python_use_unqualified_type_names = True


def required_timeout(*details):
    """A timeout that is left out is given as None, so that the error can say what to do: no default."""
    signature, returns = details[-2:]
    return (signature and signature.replace("timeout: Timeout = None", "timeout: Timeout")), returns


def setup(app):
    app.connect("autodoc-process-signature", required_timeout)
