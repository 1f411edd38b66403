"""The encoder of the configuration, as it was pretrained."""

from __future__ import annotations

from datetime import date

from jobs.execution.night import Night
from jobs.runtime.errors import ConfigurationError
from model.cores import available_cores
from model.text.encoder import Encoder


def loaded_encoder(night: Night, cut: date, *, as_of: date | None = None, dtype: str | None = None) -> Encoder:
    """The configured encoder before any fine-tuning, which will see events before `cut` only.

    as_of, dtype: of an encoder that was loaded earlier; None for those of the night and the configuration
    Raises ConfigurationError when it cannot be used.
    """
    settings = night.conf.encoder
    try:
        return Encoder.from_pretrained(
            settings.model,
            as_of=(as_of or night.as_of).isoformat(),
            cut=cut.isoformat(),
            max_item_tokens=settings.max_item_tokens,
            max_user_tokens=settings.max_user_tokens,
            device=settings.device,
            dtype=dtype or settings.dtype,
            threads=available_cores(),
        )
    except ValueError as error:
        raise ConfigurationError("The encoder of the configuration cannot be used.", str(error)) from error
