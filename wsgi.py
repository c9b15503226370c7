"""The WSGI entry point: ``gunicorn wsgi:app``, ``flask --app wsgi``."""

import sys

from config import SettingsError
from mobilize import create_app

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))
