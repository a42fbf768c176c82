"""Command line of the site: write its Markdown tree, or serve what was built.

python -m docs tree FOLDER      # every page as Markdown, with all data files, for another site builder
python -m docs serve FOLDER     # serves a built site on a free port
"""

import argparse
import functools
import http.server
import shutil
import sys
from pathlib import Path

from docs.pages import HAND_WRITTEN, derive_site
from docs.records import load_records
from replications.common.files import write_bytes


def write_tree(folder: Path) -> int:
    """Writes hand-written and derived pages to `folder` and returns how many files that were.

    Raises:
        FileExistsError: the folder has content already; nothing is written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"got {folder}, which is not empty; expected a new or empty folder; name another one")
    derived = list(derive_site(load_records()))
    shutil.copytree(HAND_WRITTEN, folder, dirs_exist_ok=True)
    for file in derived:
        content = file.content.encode("utf-8") if isinstance(file.content, str) else file.content
        write_bytes(folder / file.path, content)
    return sum(path.is_file() for path in folder.rglob("*"))


def serve_site(folder: Path) -> None:
    """Serves a built site on a free port of this machine until interrupted."""
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(f"got no built site in {folder}; run `make site` first")
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(f"Serving on http://127.0.0.1:{server.server_port}/ (Ctrl-C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line of log for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Stays silent."""


def main() -> None:
    """Runs the command named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs", description="The site: write its source or serve it.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tree", help="write every page as Markdown").add_argument("folder", type=Path)
    commands.add_parser("serve", help="serve a built site on a free port").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.command == "tree":
            print(f"Wrote {write_tree(arguments.folder)} files to {arguments.folder}.")
        else:
            serve_site(arguments.folder)
    except (FileExistsError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
