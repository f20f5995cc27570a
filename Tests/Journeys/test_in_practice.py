"""The keys of Documentation/QuantizationInPractice.md, with what the screen then says."""

import re

from terminal import REPOSITORY

PAGE = REPOSITORY / "Documentation/QuantizationInPractice.md"


def steps():
    """Lines of keys, and behind at least two spaces what comes of them."""
    for block in re.findall(r"```keys\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in block.splitlines():
            keys, _, text = re.match(r"(.*?)(  +(.*))?$", line).groups()
            yield keys, text


def test_the_keys_do_what_the_page_says(terminal, sample):
    window = terminal((120, 40))
    window.start(sample)
    window.wait_for("Opened mnist_cnn")
    count = 0
    for keys, text in steps():
        if keys.startswith(":"):
            window.command(keys.removesuffix(" Enter")[1:])
        elif keys == "Escape":
            # A letter close behind would make it another key.
            before = window.screen()
            window.keys(keys)
            window.wait_until(lambda screen: screen != before, "an answer to Escape")
        else:
            window.keys(*keys.split())
        if text:
            window.wait_for(text)
        count += 1
    assert count > 12
