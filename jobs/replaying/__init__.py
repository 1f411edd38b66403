"""The simulated storefront as a store with a catalogue, shoppers and a log, delivered as files to ingest."""
