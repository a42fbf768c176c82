"""Lighthouse (from npm) on the main pages: python -m tests.browser.audit REPORT.json

The site is served compressed, as hosts of static sites do. Each page is measured several times, since the score for
performance depends on how busy the machine is; the report holds every run, and the lowest, the median and the highest
of each score.
"""

import functools
import gzip
import http.server
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
from pathlib import Path

from docs.__main__ import QuietHandler
from tests.browser.chromium import QUIET, find_chromium

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 95
RUNS = 3
PAGES = {
    "home": "/",
    "section": "/sections/foundation-models-in-neuroscience/",  # more than 20 papers
    "paper": "/papers/wang2023ioi/",
    "replication": "/replications/ioi/",
    "ledger": "/ledger/",
}


class CompressingHandler(QuietHandler):
    """Serves text compressed, with the ten minutes of caching that GitHub Pages gives."""

    protocol_version = "HTTP/1.1"  # a connection serves several files

    def send_head(self) -> io.BytesIO | None:
        """Sends the header lines and returns the compressed content."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return None
        content = gzip.compress(path.read_bytes(), mtime=0)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        return io.BytesIO(content)


def run_lighthouse(url: str) -> dict[str, int]:
    """Returns the score of each category, 0 to 100, and names what failed in those below 100."""
    flags = " ".join(["--headless=new", "--no-sandbox", "--disable-gpu", *QUIET])
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    command.append(f"--only-categories={','.join(CATEGORIES)}")
    environment = {**os.environ, "CHROME_PATH": find_chromium() or ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"got no report from {LIGHTHOUSE} for {url}: {done.stderr.strip()}; is npm at hand?")
    report = json.loads(done.stdout)
    for name in CATEGORIES:
        for reference in report["categories"][name]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"  {name}: {audit['title']} {audit.get('displayValue', '')}", flush=True)
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def audit_site(site: Path) -> dict[str, list[dict[str, int]]]:
    """Returns the scores of every run for every page."""
    handler = functools.partial(CompressingHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        scores: dict[str, list[dict[str, int]]] = {}
        for name, path in PAGES.items():
            for number in range(RUNS):
                print(f"{name}, run {number + 1} of {RUNS}", flush=True)
                scores.setdefault(name, []).append(run_lighthouse(f"http://127.0.0.1:{server.server_port}{path}"))
        server.shutdown()
    return scores


def summarise(runs: list[dict[str, int]]) -> dict[str, dict[str, float]]:
    """Returns the lowest, the median and the highest score of each category."""
    return {
        name: {"lowest": min(scores), "median": statistics.median(scores), "highest": max(scores)}
        for name in CATEGORIES
        if (scores := [run[name] for run in runs])
    }


def main() -> None:
    """Writes the report, prints a summary and fails if the median of a page is below `LEAST`."""
    if not shutil.which("npx") or not find_chromium():
        sys.exit("got no npx or no Chromium; expected both; install Node.js (18 or newer) and Chromium")
    runs = audit_site(Path("site"))
    summary = {page: summarise(page_runs) for page, page_runs in runs.items()}
    low = []
    for page, scores in summary.items():
        print(f"{page:12}", *(f"{name} {s['median']:g} [{s['lowest']}, {s['highest']}] " for name, s in scores.items()))
        low += [f"{page} {name} {s['median']:g}" for name, s in scores.items() if s["median"] < LEAST]
    report = {"lighthouse": LIGHTHOUSE, "machine": f"{os.cpu_count()} cores", "summary": summary, "runs": runs}
    Path(sys.argv[1]).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if low:
        sys.exit(f"got {', '.join(low)}; expected at least {LEAST}")


if __name__ == "__main__":
    main()
