"""The relational side: staging with enforced integrity, the warehouse load, publishing. Imports lake only."""
