"""What a table is: the model of a contract, how it is read from YAML, and what follows: types, rules, samples."""
