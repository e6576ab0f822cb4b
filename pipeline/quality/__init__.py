"""Great Expectations as the second witness: suites from the contracts, run in a worker, reported without any CDN."""
