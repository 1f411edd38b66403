"""The model registry in MLflow: drafts, registered versions and the champion."""
