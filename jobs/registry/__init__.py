"""The bundle in MLflow: drafts being filled, versions, the champion."""
