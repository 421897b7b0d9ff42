"""The rules: a module each, named after its code; its docstring is the rule's page, ``RULE`` the rule."""
