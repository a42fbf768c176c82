"""Screenshots of the main pages, desktop and phone, light and dark: python -m tests.browser.screenshots FOLDER"""

import sys
from pathlib import Path

from tests.browser.chromium import launch_chromium, serve_folder

PAGES = {
    "home": "/",
    "reading-list": "/sections/",
    "section": "/sections/circuit-discovery/",
    "paper": "/papers/wang2023ioi/",
    "papers": "/papers/",
    "timeline": "/timeline/",
    "replication": "/replications/ioi/",
    "ledger": "/ledger/",
    "verdicts": "/verdicts/",
    "code": "/replications/hopfield/code/",
    "cite": "/cite/",
    "basket": "/basket/",
    "not-found": "/404.html",
}
# What a browser leaves out as long as nobody sees it: pictures, and on a phone the cards of a table.
DRAW_EVERYTHING = """() => {
    document.querySelectorAll("img").forEach(image => { image.loading = "eager" });
    document.querySelectorAll("tr").forEach(row => { row.style.contentVisibility = "visible" });
}"""
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


def take_screenshots(site: Path, folder: Path) -> None:
    """Writes `<page>-<width>-<theme>.png` for every page, each of its full length."""
    folder.mkdir(parents=True, exist_ok=True)
    with serve_folder(site) as address, launch_chromium() as browser:
        for theme in ("light", "dark"):
            for width_name, (width, height) in WIDTHS.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                page.emulate_media(reduced_motion="reduce")
                for name, path in PAGES.items():
                    page.goto(address + path)
                    page.evaluate(DRAW_EVERYTHING)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{name}-{width_name}-{theme}.png", full_page=True)
                page.close()


if __name__ == "__main__":
    take_screenshots(Path("site"), Path(sys.argv[1]))
