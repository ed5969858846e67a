"""IPython: the event-loop bridge and what is shown without a widget."""
