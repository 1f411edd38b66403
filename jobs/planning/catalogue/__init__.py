"""What may be shown: the eligible items, what their stock allows, and their launch."""
