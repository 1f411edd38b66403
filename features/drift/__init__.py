"""Drift between a night and an earlier one: texts, embeddings, scores, purchases."""
