"""Command line of the site: write its Markdown tree, or serve what was built.

python -m docs tree FOLDER      # pages, theme and mkdocs.yml, for another site builder
python -m docs serve FOLDER     # serves a built site on a free port
"""

import argparse
import functools
import http.server
import sys
from pathlib import Path

from docs.records import load_records
from docs.tree import write_tree


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
            print(f"Wrote {write_tree(load_records(), arguments.folder)} files to {arguments.folder}.")
        else:
            serve_site(arguments.folder)
    except (FileExistsError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
