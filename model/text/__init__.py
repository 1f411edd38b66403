"""The BERT that turns the texts of items and shoppers into unit vectors."""
