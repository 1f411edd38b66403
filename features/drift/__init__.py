"""How far a night is from the one before it: texts, embeddings, scores, what shoppers buy."""
