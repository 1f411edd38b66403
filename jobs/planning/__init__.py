"""The exposure plan of a night, stage by stage, as `jobs/plan_exposure.py` walks it.

shoppers (who) and catalogue (what) → candidates → rules → shared_lists → problem → solution, entries → rows → reports
"""
