"""What a table is: the contract's model, its reading from YAML, and the types, rules and samples that follow from it."""
