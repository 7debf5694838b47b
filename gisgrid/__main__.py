"""`python -m gisgrid` is the command `gisgrid`."""

from gisgrid.cli import main

main()
