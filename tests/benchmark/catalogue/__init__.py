"""What enrich_items finds in the texts of a catalogue, measured on product names of another store."""
