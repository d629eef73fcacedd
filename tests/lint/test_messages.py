# SPDX-License-Identifier: MIT
"""
What the command and its notes say can be read at once. Of the texts that people see:

  - a sentence has at most MOST_WORDS words; of a list between commas, all words count
  - no "..." beside the terminal's own ellipsis, and no blank before a percent sign
  - a hint ends as a sentence does
  - no riddle ("what is live is"), no "is no file" where "is not a file" is meant
  - what is wrong with the value of an option is told in one form: "--interval 1: needs a unit"

Texts are found by the calls that print them, and by what stands in them. And each message that
docs/troubleshooting.md quotes is in the sources, in these words.
"""
import re

import tree

MOST_WORDS = 22
# Calls that say something to people, and the argument that is a hint, if one is.
CALLS = {
    "mt_terminal_print_problem": 1,
    "mt_error_set": 2,
    "mt_summary_add": None,
    "mt_profile_add_note": None,
    "argp_error": None,
    "argp_failure": None,
    "say": None,
}
TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|PRI[a-zA-Z0-9]+|\w+|\s+|.', re.S
)
CONVERSION = re.compile(r"%[-+ 0#]*[*\d]*(?:\.[*\d]*)?(?:hh?|ll?|z|j|t)?[a-zA-Z]|<PRI\w+>")
RIDDLE = re.compile(r"(?:^|[;:.] )[Ww]hat (?:is|was|were|it)\b|(?<!there )\bis no (?!bound\b)")
OPTION_VALUE = re.compile(r"^(?:%s|--?[a-z-]+) '?%[.\d]*s'?: (?!needs |%|no such |unknown |\(|is |the )")


def tokens(text):
    """(kind, text, line) without blanks and comments; adjacent literals are one."""
    line, found = 1, []
    for match in TOKEN.finditer(text):
        token = match.group()
        if token[0] == '"':
            if found and found[-1][0] == "literal":
                found[-1] = ("literal", found[-1][1] + token[1:-1], found[-1][2])
            else:
                found.append(("literal", token[1:-1], line))
        elif token.startswith("PRI") and found and found[-1][0] == "literal":
            # "%" PRIu64: the macro is a part of the text
            found[-1] = ("literal", found[-1][1] + f"<{token}>", found[-1][2])
        elif not token.isspace() and not token.startswith(("/*", "//")):
            found.append(("other", token, line))
        line += token.count("\n")
    return found


def arguments(found, start):
    """The tokens of each argument of the call whose ( is at start."""
    depth, result = 0, [[]]
    for kind, token, line in found[start:]:
        if kind == "other" and token in "([{":
            depth += 1
        elif kind == "other" and token in ")]}":
            depth -= 1
        if depth == 0:
            break
        if depth == 1 and kind == "other" and token == ",":
            result.append([])
        elif depth > 1 or token not in "([{" or kind == "literal":
            result[-1].append((kind, token, line))
    return result


def calls(path):
    found = tokens(tree.text(path))
    for i, (kind, token, _) in enumerate(found[:-1]):
        if kind == "other" and token in CALLS and found[i + 1][1] == "(":
            yield token, arguments(found, i + 1)


def sentences(text):
    shown = CONVERSION.sub("x", text.replace("%%", "%"))
    return re.split(r"[.;:!?] |\\n+|\\v", shown)


def problems_of(text):
    for sentence in sentences(text):
        n = len(re.findall(r"[^\s]*\w[^\s]*", sentence))
        if n > MOST_WORDS:
            yield f"a sentence of {n} words, more than {MOST_WORDS}: {sentence}"
    if re.search(r"(?<![A-Z\]'\"])\.\.\.", text):
        yield f"three points, instead of the terminal's ellipsis: {text}"
    if re.search(r"(?:\d|[dfgsu]|>) %%", text):
        yield f"a blank before a percent sign: {text}"
    if RIDDLE.search(text):
        yield f"a riddle: {text}"
    if OPTION_VALUE.match(text):
        yield f'not in the form "--option value: needs …": {text}'


def problems_of_hint(text):
    if text and not text.endswith((".", ":")):
        yield f"a hint without a period: {text}"


def problems(path):
    n = 0
    for name, given in calls(path):
        for at, argument in enumerate(given):
            for i, (kind, text, line) in enumerate(argument):
                if kind != "literal" or not re.search(r"[a-z] ?[a-z]", text):
                    continue
                n += 1
                found = [*problems_of(text)]
                # "Give %s " MACRO "." is whole only at its end
                goes_on = i + 1 < len(argument) and re.match(r"[A-Z_]+$", argument[i + 1][1])
                if at == CALLS[name] and not goes_on:
                    found += problems_of_hint(text)
                for problem in found:
                    yield f"{path}:{line}: {problem}"
    CHECKED.append(n)


def option_texts(path):
    """The texts of argp's tables: an option's is what follows its flags."""
    text = tree.text(path)
    if "struct argp_option" not in text:
        return
    for kind, token, line in tokens(text):
        if kind == "literal" and re.match(r"[A-Z][a-z]+ \S+ \S+", token):
            yield token, line


def quoted(document):
    """What stands in quotes or as code in the bold beginnings of the entries."""
    for entry in re.findall(r"^- \*\*(.*?)\*\*", tree.text(document), flags=re.M | re.S):
        entry = " ".join(entry.split())
        yield from re.findall(r'"([^"]+)"', entry)
        yield from (code for code in re.findall(r"`([^`]+)`", entry) if " " in code and "+0x" not in code)


def words(text):
    return set(re.findall(r"[A-Za-z']{3,}", CONVERSION.sub(" ", text.replace("%%", "%")).lower()))


def said():
    """Of each file, the words of each text, and all those of short texts, which are put into
    others."""
    for path in tree.files(".c", ".h"):
        if path.parts[0] in ("lib", "cli"):
            texts = [text for kind, text, _ in tokens(tree.text(path)) if kind == "literal"]
            short = set().union(*(words(text) for text in texts if len(words(text)) <= 5))
            yield [words(text) for text in texts if " " in text], short


def has(known, word):
    return not known.isdisjoint({word, word[:-1], word[:-2]})  # "process%s": processes


def unknown_quotes(document):
    sources = list(said())
    for text in quoted(document):
        CHECKED.append(1)
        wanted = words(text)
        if not any(
            all(has(whole | short, word) for word in wanted)
            and 2 * sum(has(whole, word) for word in wanted) >= len(wanted)
            for wholes, short in sources
            for whole in wholes
        ):
            yield f"{document}: no message says: {text}"


CHECKED = []
result = [*unknown_quotes(tree.pathlib.PurePath("docs/troubleshooting.md"))]
for path in tree.files(".c"):
    if path.parts[0] in ("lib", "cli"):
        result += problems(path)
        for text, line in option_texts(path):
            CHECKED.append(1)
            result += [f"{path}:{line}: {problem}" for problem in problems_of(text)]
tree.report(sorted(set(result)), sum(CHECKED))
