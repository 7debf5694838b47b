"""The front door on the wire: FastAPI routes over `gisgrid.workflow`."""
