"""What the texts of a catalogue say: keywords and groups of variants, without Spark."""
