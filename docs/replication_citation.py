"""A replication as something to be cited: a record like a paper's, so that it has the same four formats."""

from bibliography import Author, Paper, SourceBlock
from bibliography.adding.encode import encode, encode_title
from docs.project import Project
from docs.records import ReplicationRecord

SHORT_HASH = 12


def name_commits(replication: ReplicationRecord) -> str:
    """Returns the commits that made the results, shortened, such as "7633b3000b1f"; empty if nothing was run.

    A run that started with changes that were not committed says so itself, by the ending "-dirty".
    """
    commits = dict.fromkeys(str(setting.run["commit"]) for setting in replication.was_run if setting.run)
    return ", ".join(_shorten(commit) for commit in commits)


def cite_replication(replication: ReplicationRecord, paper: Paper, project: Project, site_url: str) -> Paper:
    """Returns the record that cites a replication, with its commit in the title, where every format keeps it.

    Args:
        replication: what is cited.
        paper: the paper that it replicates.
        project: who is to be named as its author, and when it was released.
        site_url: where the site will be, with a slash at its end; empty if that is not known, then there is no address.
    """
    commits = name_commits(replication)
    title = f"Replication of “{paper.title}”"
    if commits:
        title += f" (commit{'s' if ',' in commits else ''} {commits})"
    year = project.released.year
    address = f"{site_url}replications/{replication.slug}/" if site_url else ""
    note = f"{f'Commit {commits}; r' if commits else 'R'}eplicates {paper.key}"
    key = f"interpretability{year}{replication.slug.replace('_', '')}"
    venue = project.short_title
    source = f"""@software{{{key},
  title = {{{encode_title(title, is_latex=False)}}},
  author = {{{{{encode(project.authors)}}}}},
  howpublished = {{{encode(venue)}}},
  year = {{{year}}},
  date = {{{project.released.isoformat()}}},
  note = {{{encode(note)}}},{f"{chr(10)}  url = {{{address}}}," if address else ""}
}}"""
    return Paper(
        key=key,
        entry_type="software",
        title=title,
        authors=(Author(given="", family=project.authors),),
        year=year,
        date=project.released.isoformat(),
        venue=venue,
        volume=None,
        number=None,
        pages=None,
        doi=None,
        arxiv=None,
        url=address,
        code=None,
        seealso=None,
        aliases=(),
        topics=paper.topics,
        methods=paper.methods,
        related=(paper.key,),
        summary=replication.abstract.partition("\n\n")[0],
        source=SourceBlock(f"replications/{replication.slug}", 1, source),
    )


def _shorten(commit: str) -> str:
    digits, dash, state = commit.partition("-")
    return digits[:SHORT_HASH] + dash + state if len(digits) == 40 else commit
