"""Values of lrspec as text for people: one file a form."""
