"""A Python that has the libraries but not the project, as the machines of a cluster have."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path


def bare_python(folder: Path) -> Path:
    """Makes an environment whose path has the libraries of this one; returns its interpreter.

    The project is installed here through a .pth file, which Python reads in its own site-packages only, so that the new
    environment does not find it.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site_packages = folder / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    python = folder / "bin/python"
    imported = subprocess.run(
        [python, "-c", "import pandas, jobs"], capture_output=True, text=True, check=False, cwd=folder
    )
    assert "No module named 'jobs'" in imported.stderr, imported.stderr
    return python
