"""The columns by which stored events, promotions and searches are replaced."""

from features.contract import EVENTS, PROMOTIONS, SEARCHES

DAY = {EVENTS.name: "event_date", PROMOTIONS.name: "valid_from", SEARCHES.name: "search_date"}
TIME = {EVENTS.name: "event_time", PROMOTIONS.name: "valid_from", SEARCHES.name: "search_time"}
