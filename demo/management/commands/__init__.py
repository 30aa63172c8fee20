"""`manage.py cooper_demo`."""
