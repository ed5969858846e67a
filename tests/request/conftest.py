from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# importlib mode puts no folder on the path: the helper beside this file is loaded by its place.
_spec = importlib.util.spec_from_file_location("pictures", Path(__file__).with_name("pictures.py"))
sys.modules["pictures"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["pictures"])
