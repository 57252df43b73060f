"""Fills in what Jinja2 makes of the constructs in tests/wild/data/chat-templates.json, with the settings of transformers.

Usage: python tools/record-chat-templates.py. Needs jinja2 >= 3.1 and transformers; the project itself needs neither.
A row has kind, source and variables; this writes expected (the text) or raises (true). What a row calls refused (a word
that our message must hold) stays as it is: such constructs are not supported on purpose.
"""
import datetime
import json
import pathlib

import transformers.utils.chat_template_utils as utils


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime(2024, 7, 26)


utils.datetime = FixedDate


def recorded(row):
    kept = {key: row[key] for key in ("kind", "source", "variables", "refused") if key in row}
    if "refused" in kept:
        return kept
    try:
        template = utils._compile_jinja_template(row["source"])
        return {**kept, "expected": template.render(tools=None, documents=None, **row["variables"])}
    except Exception:
        return {**kept, "raises": True}


path = pathlib.Path(__file__).parent.parent / "tests" / "wild" / "data" / "chat-templates.json"
rows = [recorded(row) for row in json.loads(path.read_text(encoding="utf-8"))]
path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
print(len(rows), "constructs,", sum("raises" in row for row in rows), "raise,", sum("refused" in row for row in rows), "refused")
