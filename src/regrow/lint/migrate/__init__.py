"""Code bases moved to supervised code step by step: numbered migrations, made of rules and their fixes."""
