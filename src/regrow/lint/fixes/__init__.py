"""The fixes of rules, a module each where they don't fit into the rule's own, and what they are made of."""
