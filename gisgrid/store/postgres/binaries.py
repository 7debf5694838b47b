"""The PostgreSQL programs of this machine that carry PostGIS, and the command that installs them.

Room: store. In: the folders of this machine. Out: a `Binaries`, or `PostgisMissing` with the one command that helps.
Imports nothing of gisgrid but `errors`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gisgrid.errors import PostgisMissing

PROGRAMS: Final = ("postgres", "initdb", "pg_dump", "pg_restore", "psql")
USUAL_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Fedora, RHEL with the packages of postgresql.org
    "/usr/lib/postgresql*/bin",  # SUSE
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",  # macOS, Apple processors
    "/usr/local/opt/postgresql@*/bin",  # macOS, Intel processors
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",  # built from source
    "/usr/bin",  # Fedora, Arch
    "/usr/local/bin",
)
OTHER_MANAGERS: Final = {
    "brew": "brew install postgis",
    "dnf": "dnf install -y postgresql-server postgis",
    "zypper": "zypper install -y postgresql-server postgis",
    "pacman": "pacman -S --noconfirm postgresql postgis",
    "apk": "apk add postgresql postgis",
}
SMALLEST_MAJOR: Final = 13
"""The oldest PostgreSQL that gisgrid's statements and migrations are written for."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL with PostGIS.

    Attributes
    ----------
    folder
        Where `postgres`, `initdb`, `pg_dump`, `pg_restore` and `psql` are.
    version
        Such as (15, 18).
    """

    folder: Path
    version: tuple[int, ...]

    @property
    def major(self) -> int:
        """The major version; a data folder belongs to exactly one."""
        return self.version[0]

    def program(self, name: str) -> str:
        """Return the path of one of the programs."""
        return str(self.folder / name)


def find_binaries(major: int | None = None) -> Binaries:
    """Return the newest PostgreSQL with PostGIS on this machine.

    Parameters
    ----------
    major
        Only this major version will do, because a data folder was made by it; any by default.

    Raises
    ------
    PostgisMissing
        There is none; the sentence ends with the one command that installs it.
    """
    found = [binaries for binaries in _installations() if major is None or binaries.major == major]
    if not found:
        wanted = "PostgreSQL with PostGIS" if major is None else f"PostgreSQL {major} with PostGIS"
        raise PostgisMissing(
            f"This machine has no {wanted}; install it with: {install_command(major)} "
            "(or set GISGRID_DATABASE_URL to a PostGIS that you run yourself)."
        )
    return max(found, key=lambda binaries: binaries.version)


def install_command(major: int | None = None) -> str:
    """Return the one command that installs PostgreSQL with PostGIS on this system.

    Parameters
    ----------
    major
        The major version wanted; the newest that the system offers by default.
    """
    sudo = "" if os.geteuid() == 0 else "sudo "
    if shutil.which("apt-get"):
        package = _apt_package(major)
        return f"{sudo}apt-get install -y {package}" if package else _apt_command_without_lists(sudo, major)
    for manager, command in OTHER_MANAGERS.items():
        if shutil.which(manager):
            return command if manager == "brew" else f"{sudo}{command}"
    return "the package manager of your system (packages PostgreSQL server and PostGIS)"


def _apt_command_without_lists(sudo: str, major: int | None) -> str:
    package = "postgresql-postgis" if major is None else f"postgresql-{major}-postgis-3"
    return f"{sudo}apt-get update && {sudo}apt-get install -y {package}"


def _apt_package(major: int | None) -> str | None:
    """Return the newest package that apt's lists hold, or None where the lists are still empty."""
    try:
        answer = subprocess.run(
            ["apt-cache", "search", "--names-only", "^postgresql-[0-9]+-postgis-3$"],  # noqa: S607  the system's own
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    offered = [int(number) for number in re.findall(r"^postgresql-(\d+)-postgis-3\b", answer, re.MULTILINE)]
    if major is not None:
        offered = [number for number in offered if number == major]
    return f"postgresql-{max(offered)}-postgis-3" if offered else None


def _installations() -> Iterator[Binaries]:
    """Yield every complete installation with PostGIS, each folder once."""
    seen: set[Path] = set()
    for folder in _folders():
        resolved = folder.resolve()
        if resolved in seen:
            continue
        seen.add(resolved)
        if not all(os.access(resolved / program, os.X_OK) for program in PROGRAMS):
            continue
        version = _version(resolved)
        if version and version[0] >= SMALLEST_MAJOR and _has_postgis(resolved, version[0]):
            yield Binaries(resolved, version)


def _folders() -> Iterator[Path]:
    """Yield the folders where PostgreSQL's programs may be."""
    yield Path(sys.prefix) / "bin"
    for program in ("postgres", "initdb"):
        if on_path := shutil.which(program):
            yield Path(on_path).resolve().parent
    if bindir := _ask("pg_config", "--bindir"):
        yield Path(bindir)
    for pattern in USUAL_FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))


def _version(folder: Path) -> tuple[int, ...] | None:
    """Return the version that `postgres --version` tells, such as (15, 18)."""
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", _ask(str(folder / "postgres"), "--version"))
    return tuple(int(part) for part in match[1].split(".")) if match else None


def _has_postgis(folder: Path, major: int) -> bool:
    share = _ask(str(folder / "pg_config"), "--sharedir")
    candidates = [
        *([Path(share)] if share else []),
        Path(f"/usr/share/postgresql/{major}"),
        Path("/usr/share/pgsql"),
        folder.parent / "share" / "postgresql",
        folder.parent / "share",
    ]
    return any((candidate / "extension" / "postgis.control").is_file() for candidate in candidates)


def _ask(program: str, option: str) -> str:
    """Return what a program says of itself, or nothing where it is missing or fails."""
    try:
        return subprocess.run(  # noqa: S603  asks an installed program for its version or folders
            [program, option], capture_output=True, text=True, check=True, timeout=30
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
