"""How a text is understood: letters, then words, then times, then clauses; `replies` puts them together."""
