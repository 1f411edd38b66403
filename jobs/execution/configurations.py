"""The configurations that nights ran with, each a file in the warehouse under the hash that `runs` names."""

from __future__ import annotations

import json

from jobs.config.configuration import Config, resolve_config
from jobs.config.files import read_packaged
from jobs.runtime.errors import LongtailError
from jobs.runtime.redaction import redacted_configuration
from jobs.runtime.storage import Storage

_NAME = "configurations/{}.json"


def store_configuration(files: Storage, conf: Config) -> None:
    """Writes the keys on which tables depend, without secrets, unless they are there. files: of the warehouse"""
    name = _NAME.format(conf.hash)
    if not files.exists(name):
        values = conf.of_results()
        # A key that a table leaves out is that of every_table, which null would not be.
        values["housekeeping"] = conf.housekeeping.model_dump(mode="json", exclude_unset=True)
        text = json.dumps(redacted_configuration(values), ensure_ascii=False, indent=1)
        files.create(name, text, private=True)


def stored_configuration(files: Storage, hash_: str) -> Config:
    """The configuration with a hash; keys that the file does not have, as those that are newer, have their defaults.

    Raises LongtailError if it is not there, ConfigurationError if this version of the code does not know one of its
    keys.
    """
    name = _NAME.format(hash_)
    content = files.read(name)
    if content is None:
        raise LongtailError(
            f"The configuration {hash_} is not in {files.shown(name)}.",
            "Put the file back from a copy of the warehouse.",
        )
    return resolve_config(read_packaged("base.yaml"), json.loads(content), files.shown(name))
