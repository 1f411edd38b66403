"""A small shop that exports events as files, for nights whose storage fails."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from jobs.config.configuration import Config
from tests.jobs.online.frames import live_night

_CONF = """
warehouse: {warehouse}
source:
  kind: files
  volume: {{weeks: 4, least: 0.0, most: 1000.0}}
  files:
    inputs:
      lines: {{path: "{folder}/lines/*.csv", format: csv}}
    items:
      - input: lines
        columns: {{item_id: code, title: code, updated_at: at}}
    users:
      - input: lines
        columns: {{user_id: who, consent_personalisation: {{constant: true}}, updated_at: at}}
    events:
      - input: lines
        columns: {{event_id: id, user_id: who, item_id: code, event_type: kind, event_time: at, quantity: units}}
{more}"""


class FileShop:
    """A folder with files of events and the configuration of a warehouse that ingests them.

    path: the configuration
    """

    def __init__(self, folder: Path, warehouse: str, more: str = "") -> None:
        """more: further sections of the configuration."""
        self.folder, self.path = folder, folder / "conf.yaml"
        (folder / "lines").mkdir(parents=True)
        self.path.write_text(_CONF.format(warehouse=warehouse, folder=folder, more=more), encoding="utf-8")

    def deliver(self, day: int) -> None:
        """Adds the event of a day in March 2024, by a shopper and of an item that are new."""
        row = f"e{day},u{day},i{day},purchase,2024-03-{day:02} 10:00:00,1"
        (self.folder / f"lines/{day}.csv").write_text(f"id,who,code,kind,at,units\n{row}\n", encoding="utf-8")

    def live(self, conf: Config) -> date:
        """The night that a storefront reads, of those that `publish_frames` publishes."""
        return live_night(conf, self.folder)
