"""The simulated storefront as a store of its own: its catalogue, its shoppers, its log, as files to ingest."""
