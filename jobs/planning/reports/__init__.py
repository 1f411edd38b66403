"""What a person has to know of a plan: names that match nothing, floors and pins that are missed."""
