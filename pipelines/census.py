"""Takes the census of each export that the study reads: what DVC watches in place of its file names."""

import sys
from pathlib import Path

from cinemyo import config
from cinemyo.errors import CinemyoError
from cinemyo.sources.census import SUFFIX, folder_of, take_census
from cinemyo.sources.keyed import key_of


def main() -> None:
    """Writes the census beside each folder that is there and has changed."""
    try:
        params = config.load()
        roots = {source.root for source in (params.source, *params.external.sources.values())}
        for root in sorted(root for root in roots if root.endswith(SUFFIX) and folder_of(root).is_dir()):
            memory = Path(".cache") / "cinemyo" / "census" / Path(root).name
            told = "counted" if take_census(root, key=key_of(params.source), memory=memory) else "as before"
            sys.stdout.write(f"{root}: {told}\n")
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
