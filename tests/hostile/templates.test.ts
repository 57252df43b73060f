/** Chat templates of strangers: whatever they do ends after counted steps and counted memory, with an error that says which. */
import { describe, expect, it } from "vitest";
import { JinjaError, JinjaTemplate } from "../../packages/model/src/text/jinja/index.ts";

const outcome = (source: string, variables: Readonly<Record<string, unknown>> = {}): string => {
  try {
    return new JinjaTemplate(source).render(variables);
  } catch (error) {
    if (!(error instanceof JinjaError)) throw error;
    return `refused: ${error.message}`;
  }
};
const times = (text: string, n: number): string => text.repeat(n);
const doubled = (start: string, step: string, end: string): string =>
  `{% set n = namespace(x=${start}) %}{% for i in range(60) %}{% set n.x = ${step} %}{% endfor %}{{ ${end} }}`;

const MEMORY = /makes more than [\d,]+ characters of text and bytes of lists/;
const STEPS = /takes more than 2,000,000 steps/;
const DIGITS = /asks for \d+ digits|a number of more than 65,536 bits/;
const DEEP = /deeper than 200 levels|is nested too deep/;

describe("what a template does is counted", () => {
  it.each<[template: string, refusal: RegExp]>([
    ["{{ 'x' * 1000000000 }}", MEMORY],
    ["{{ 1000000000 * 'x' }}", MEMORY],
    ["{{ [0] * 1000000000 }}", MEMORY],
    ["{{ (0, 1) * 1000000000 }}", MEMORY],
    ["{{ range(10 ** 9) | list }}", /Range too big/],
    [doubled("'a'", "n.x + n.x", "n.x | length"), MEMORY],
    [doubled("'a'", "n.x ~ n.x", "n.x | length"), MEMORY],
    [doubled("[1]", "n.x + n.x", "n.x | length"), MEMORY],
    [doubled("'a'", "n.x | replace('a', 'aa')", "n.x | length"), MEMORY],
    [doubled("[]", "[n.x, n.x]", "n.x"), MEMORY],
    [doubled("[]", "[n.x, n.x]", "n.x | tojson"), MEMORY],
    [doubled("1", "(n.x, n.x)", "{n.x: 1}"), MEMORY],
    [doubled("7", "n.x * n.x", "n.x"), DIGITS],
    ["{{ 2 ** (10 ** 9) }}", DIGITS],
    ["{{ '%.999999999f' % 1.5 }}", DIGITS],
    ["{{ '%.999999999d' % 3 }}", DIGITS],
    ["{{ ('1' * 1000000) | int }}", DIGITS],
    ["{{ '%999999999d' % 3 }}", MEMORY],
    ["{{ '%*d' % (999999999, 3) }}", MEMORY],
    ["{{ '{:>999999999}'.format(1) }}", MEMORY],
    ["{{ '{:0999999999,}'.format(1) }}", MEMORY],
    ["{{ 'a'.center(999999999) }}", MEMORY],
    ["{{ 'a'.ljust(999999999) }}", MEMORY],
    ["{{ 'a'.zfill(999999999) }}", MEMORY],
    ["{{ 'a\nb' | indent(999999999) }}", MEMORY],
    ["{{ [1] | tojson(indent=999999999) }}", MEMORY],
    ["{{ ('\t' * 100000).expandtabs(1000) | length }}", MEMORY],
    ["{{ ('a' * 100000) | replace('a', 'b' * 1000) | length }}", MEMORY],
    ["{{ ('a' * 100000) | replace('', 'b' * 1000) | length }}", MEMORY],
    ["{{ (range(1000) | list) | join('x' * 100000) | length }}", MEMORY],
    ["{{ ('x' * 100000).join(range(1000) | map('string')) | length }}", MEMORY],
    ["{{ ('a,' * 10000000).split(',') | length }}", MEMORY],
    ["{{ ('a' * 10000000) | list | length }}", MEMORY],
    ["{{ [1] | batch(10 ** 9, 0) | list }}", MEMORY],
    ["{{ range(100000) | map('string') | map('center', 100000) | list | length }}", MEMORY],
    ["{% for a in range(100000) %}{{ 'x' * 10000 }}{% endfor %}", MEMORY],
    [`{% set x = 'x' * 10000000 %}{{ x${times(" ~ x", 5)} }}`, MEMORY],
    [`{{ '${times("%(x)s", 6)}' % {'x': 'x' * 10000000} }}`, MEMORY],
    ["{{ {'a': 'x' * 10000000}.items() | list | string | string | length }}", MEMORY],
    ["{% for a in 'aaaaaaaaaa' * 5000 %}{% for b in [1,2,3,4,5,6,7,8,9] %}{{ a == b }}{% endfor %}{% endfor %}", STEPS],
    ["{% for a in range(3) recursive %}{% if loop.depth < 99 %}{{ loop([1, 2]) }}{% endif %}{% endfor %}", STEPS],
    ["{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", DEEP],
    ["{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}", DEEP],
    ["{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", DEEP],
  ])("%s", (template, refusal) => {
    expect(outcome(template)).toMatch(refusal);
  });

  it.each<[template: string, text: string]>([
    ["{{ ([] * 1000000000) | length }}", "0"],
    ["{{ ('' * 1000000000) | length }}", "0"],
    ["{{ 'x' * -1000000000 }}", ""],
    ["{{ 2 ** 2000 > 2 ** 1999 }}", "True"],
    ["{{ 1 ** (10 ** 30) }}", "1"],
    ["{{ ('<' * 100000) | striptags | length }}", "100000"],
    ["{{ 'a<b>c<!-- <x> -->d<e' | striptags }}", "acd<e"],
    ["{{ ('a' ~ ' ' * 100000 ~ 'b') | trim | length }}", "100002"],
    ["{{ ('a' ~ ' ' * 100000 ~ 'b ').rstrip() | length }}", "100002"],
    ["{{ (' a  b ' ~ ' c  ').rsplit(none, 1) }}", "[' a  b', 'c']"],
    ["{{ '{:010,}|{:011,}|{:,}'.format(1234, 1234, 1234) }}", "00,001,234|000,001,234|1,234"],
    ["{{ '\u{1f600}a' | length }}{{ '\u{1f600}a'[1] }}{{ '\u{1f600}a' | reverse }}", "2aa\u{1f600}"],
  ])("%s is no attack", (template, text) => {
    expect(outcome(template)).toBe(text);
  });

  it("allows more for a longer input", () => {
    const text = "word ".repeat(40_000);
    const messages = Array.from({ length: 5 }, () => ({ role: "user", content: text }));
    const source =
      "{% set n = namespace(x='') %}{% for m in messages %}{% for w in m.content.split() %}{% set n.x = w %}{% endfor %}{% set n.x = n.x ~ m.content | trim | upper %}{{ n.x }}{% endfor %}";
    expect(outcome(source, { messages })).toHaveLength(5 * (4 + text.length - 1));
  });
});

describe("a source is bounded before it is parsed", () => {
  it.each<[name: string, template: string, refusal: RegExp]>([
    ["long", times("x", 300_000), /has 300000 characters, more than 250000/],
    ["deep in brackets", `{{ ${times("(", 50_000)}1${times(")", 50_000)} }}`, DEEP],
    ["deep in lists", `{{ ${times("[", 50_000)}${times("]", 50_000)} }}`, DEEP],
    ["deep in blocks", times("{% if x %}", 10_000), DEEP],
    ["of many signs", `{{ ${times("-", 100_000)}1 }}`, DEEP],
    ["of many filters", `{{ 1${times("|abs", 50_000)} }}`, DEEP],
    ["of many fields", `{{ x${times(".a", 50_000)} }}`, DEEP],
    ["of many words", `{{ ${times("not ", 50_000)}x }}`, DEEP],
  ])("%s", (_, template, refusal) => {
    expect(outcome(template, { x: 1 })).toMatch(refusal);
  });
});
