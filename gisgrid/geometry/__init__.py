"""Room `geometry`: arrays in, arrays out, in metres; nothing of the rooms above."""
