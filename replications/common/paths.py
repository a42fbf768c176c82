"""Where the files of a replication live."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REPLICATIONS = REPOSITORY / "replications"
SHARED_FOLDERS = ("common", "template")


def replication_dir(replication: str) -> Path:
    """Returns the folder of a replication.

    Raises:
        FileNotFoundError: there is no replication of that name.
    """
    folder = REPLICATIONS / replication
    if not (folder / "claims.yml").is_file():
        raise FileNotFoundError(
            f"got replication {replication!r}; expected one of {', '.join(list_replications()) or '(none yet)'}; "
            "`make new NAME=…` starts a new one"
        )
    return folder


def list_replications() -> list[str]:
    """Returns the names of all replications, sorted: every folder with a `claims.yml`, the template excepted."""
    found = (path.parent.name for path in REPLICATIONS.glob("*/claims.yml"))
    return sorted(name for name in found if name not in SHARED_FOLDERS)


def results_dir(replication: str, setting: str) -> Path:
    """Returns the folder of a setting's results (small files, in git), created if missing."""
    return _created(replication_dir(replication) / "results" / setting)


def artifacts_dir(replication: str, setting: str) -> Path:
    """Returns the folder of a setting's artifacts (cached by DVC), created if missing."""
    return _created(replication_dir(replication) / "artifacts" / setting)


def _created(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
