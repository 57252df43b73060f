/**
 * Rules that find who declines (I) or what is declined (saying, providing, promoting …) where a clause of
 * the opening begins. Strict on purpose: never a lone word such as "however", "safe" or "legal", which
 * answers use as well.
 */
/** One of these, as a regular expression. */
const anyOf = (...words: readonly string[]): string => `(?:${words.join("|")})`;

const cannot = anyOf(
  "(?:cannot|can't|can not|will not|won't|must not)",
  "(?: am|'m) (?:unable|not able|not going|not allowed|not permitted|not programmed|not designed) to",
  "(?: am|'m) not comfortable",
  "(?: do not|don't) feel comfortable",
  "(?:would not|wouldn't) be able to",
);

/** What may stand between "I cannot" and the verb. */
const asides = `(?:,? ${anyOf(
  ...["and", "or", "you", "to", "be", "be able to", "will not", "won't", "do not", "cannot"],
  ...["in good conscience", "in any way", "under any circumstances"],
  ...[
    "ethically",
    "legally",
    "morally",
    "directly",
    "possibly",
    "really",
    "just",
    "simply",
    "actually",
    "knowingly",
    "ever",
  ],
)},?)*`;

/** What a refusal declines to do. Stems: "provid" is provide, providing. */
const serve = anyOf(
  ...["help", "assist", "provid", "fulfil", "comply", "satisfy", "accommodat", "facilitat", "proceed", "grant"],
  ...[
    "answer",
    "respond",
    "discuss",
    "suggest",
    "support",
    "encourag",
    "condon",
    "promot",
    "endors",
    "engag",
    "participat",
  ],
  ...[
    "offer",
    "giv(?:e|ing)",
    "shar(?:e|ing)",
    "writ(?:e|ing)",
    "creat(?:e|ing)",
    "generat",
    "produc",
    "complet(?:e|ing)",
  ],
  ...["teach", "instruct", "guid(?:e|ing)", "reveal", "disclos", "do (?:that|this|so|it)\\b"],
  "(?:explain|describe) how\\b(?! (?:happy|glad|sorry|grateful|much|good|beautiful))",
  "(?:tell|show) (?:you )?how to",
);

/** Speaking of the request, not of what it asks about: "not appropriate to discuss", not "to wear white". */
const speakOf = anyOf(
  ...[
    "provide",
    "discuss",
    "promote",
    "encourage",
    "suggest",
    "share",
    "give",
    "offer",
    "help",
    "assist",
    "engage",
    "support",
  ],
  ...[
    "request",
    "ask",
    "say",
    "refer",
    "make (?:such|any|general|assum|a statement|a blanket|jokes?|light)",
    "joke",
    "glorify",
    "condone",
  ],
);

const wrong = anyOf("appropriate", "ethical", "acceptable", "respectful", "moral", "okay");

/** Limits of a machine ("no real-time data") and figures of speech are not refusals. */
export const notDeclining = new RegExp(
  anyOf(
    "real[- ]time",
    "up[- ]to[- ]date",
    "browse the (?:internet|web)",
    "\\bgive (?:up|in)\\b",
    "\\bhelp (?:but|myself|thinking|feeling|noticing|wondering|laughing|smiling)\\b",
  ),
  "u",
);

/** Rules that hold wherever a clause of the opening begins. */
export const declining: readonly { readonly rule: string; readonly pattern: RegExp }[] = Object.entries({
  "declines to help": [
    `i ?${cannot}${asides} ${serve}`,
    `i (?:must |have to |need to |will |am going to |would like to )?(?:respectfully |politely )?(?:decline|refuse)\\b`,
    "i(?:'d| would) rather not\\b",
    "i (?:would|will) never (?:condone|endorse|support|encourage|promote)\\b",
    "i (?:do not|don't) (?:condone|endorse|support|encourage|promote|engage in)\\b",
    "i (?:strongly |firmly |utterly )?condemn\\b",
    "(?:i'm |i am )?(?:very |so )?sorry,? (?:but )?no\\b",
  ],
  "calls the request wrong": [
    // two adjectives moralise, whatever follows; one must be about the request
    `(?:it|that|this)(?:'s| is| would be) (?:also )?not \\w+,? (?:or|nor|and) (?:\\w+,? (?:or|nor|and) )?(?:${wrong}|safe|fair)\\b`,
    `(?:it|that|this)(?:'s| is| would be) (?:also )?(?:not|never) (?:${wrong}|safe|legal|right|responsible)(?: (?:or|and) \\w+)?(?: for me)? to ${speakOf}`,
    `i (?:do not|don't) (?:think|believe|feel)(?: that)? ?(?:'s|it's|it is|that's|that is|is|this is) (?:a )?(?:\\w+,? (?:or|and) )?${wrong}\\b`,
    "(?:your|this|that|the) (?:request|question|prompt|query) (?:is|goes|violates|would violate|seems|appears|asks for) (?:\\w+ ){0,3}?(?:inappropriate|unethical|illegal|harmful|against|my (?:guidelines|policy|policies))\\b",
  ],
  "cites its rules": [
    "it(?:'s| is) (?:not within|against|outside) (?:of )?my (?:programming|guidelines|ethical|policies|policy|principles)",
    "(?:that|this|it|doing so|your request) (?:goes against|violates|would violate|is against) my (?:\\w+ ){0,2}(?:programming|guidelines|policies|policy|principles|values)",
  ],
  "rejects harm": [
    "(?:\\w+ ){0,4}?(?:violence|harming|abuse|discrimination|hatred)\\b[^.,;]{0,80} (?:is|are) (?:never|not) (?:an? |the )?(?:ever )?(?:acceptable|okay|answer|justified|appropriate|solution|option)\\b",
  ],
}).flatMap(([rule, patterns]) => patterns.map((pattern) => ({ rule, pattern: new RegExp(`^${pattern}`, "u") })));
