"""Prints the fenced blocks of a Markdown file in one language; with a number, that one.

    python .ci/blocks.py docs/clients-grpc.md python 0
"""

import pathlib
import re
import sys

path, language, *number = sys.argv[1:]
text = pathlib.Path(path).read_text()
blocks = re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit(f"{path} has no block in {language}")
print(blocks[int(number[0])] if number else "\n".join(blocks))
