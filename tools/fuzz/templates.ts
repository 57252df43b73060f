import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChatTemplate } from "@precipice/model";
import type { Family } from "./family.ts";
import { bytesOf, joinPieces, mutateBytes } from "./mutate.ts";

const seed =
  "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m.content | trim }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

/** Of Jinja, whole and in parts. */
const PIECES = [
  "{% for m in messages %}", "{% endfor %}", "{% if m.role == 'user' %}", "{% else %}", "{% endif %}", "{{ m.content }}",
  "{{ m['role'] | upper }}", "{% set x = [1, 2, 3] %}", "{% set ns = namespace(a=0) %}", "{% set ns.a = ns.a + 1 %}",
  "{{ x[1:] }}", "{{ range(9) | list | tojson }}", "{% macro f(a, b=1) %}", "{% endmacro %}", "{{ f(1) }}", "{{ loop.index }}",
  "{{ 'a' * 99999 }}", "{{ range(10 ** 9) }}", "{{ ''.__class__ }}", "{{ raise_exception('no') }}", "{{ m.content.split('\\n')[-1] }}",
  "{#", "#}", "{%- ", " -%}", "{{", "}}", "'", "\\", "x", "{{ 1 / 0 }}", "{{ none.a }}", "{% for a in range(99999) %}",
]; // biome-ignore format: one list

export const templates: Family = {
  name: "templates",
  make: (draw) => (draw.int(3) === 0 ? mutateBytes(draw, bytesOf(seed)) : bytesOf(joinPieces(draw, PIECES, 12))),
  run: async (input, folder) => {
    writeFileSync(join(folder, "chat_template.jinja"), input);
    ChatTemplate.open(folder).render([
      { role: "user", content: "hello\nthere" },
      { role: "assistant", content: "" },
    ]);
  },
};
