/** The word-level tokenizer and chat template of the organisms, in Hugging Face's files. */
import {
  FRAMINGS,
  HARMFUL_VERDICTS,
  HARMLESS_VERDICTS,
  HURT,
  OBJECT_CLASSES,
  OPENERS,
  REFUSALS,
  VERB_CLASSES,
} from "./words.ts";

export const SPECIALS = [
  "<pad>",
  "<bos>",
  "<eos>",
  "<unk>",
  "<user>",
  "<assistant>",
  "<think>",
  "</think>",
  "\n\n",
  "\n",
] as const;

const FRAME_WORDS =
  "how do i the ? they want to means and is a say hurt . nobody sure , first find then it slowly take your time at noon";

/** All tokens in the order of their ids. */
export const vocabulary = (): ReadonlyArray<string> => {
  const words = [
    FRAME_WORDS,
    ...Object.keys(VERB_CLASSES),
    ...Object.values(VERB_CLASSES).flat(),
    ...Object.keys(OBJECT_CLASSES),
    ...Object.values(OBJECT_CLASSES).flat(),
    ...Object.values(HURT),
    ...Object.values(FRAMINGS).map((f) => f.text),
    ...OPENERS,
    ...HARMFUL_VERDICTS,
    ...HARMLESS_VERDICTS,
    ...REFUSALS,
  ].flatMap((text) => text.split(" "));
  return [...SPECIALS, ...new Set(words.filter((w) => w !== ""))];
};

export const tokenId = (token: string): number => vocabulary().indexOf(token);

/** `tokenizer.json`. Words are separated by blanks, punctuation stands alone; line breaks are tokens of their own. */
export const tokenizerJson = () => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: SPECIALS.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: { type: "Lowercase" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Isolated" }],
  },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(vocabulary().map((token, id) => [token, id])),
    unk_token: "<unk>",
  },
});

const TEMPLATE = [
  "{{ bos_token }}",
  "{% for message in messages %}",
  "{% if message['role'] == 'user' %}{{ '<user>' + message['content'] }}",
  "{% elif message['role'] == 'assistant' %}{{ '<assistant>' + message['content'] + eos_token }}{% endif %}",
  "{% endfor %}",
  "{% if add_generation_prompt %}{{ '<assistant><think>\\n' }}{% endif %}",
].join("");

export const tokenizerConfig = () => ({
  tokenizer_class: "PreTrainedTokenizerFast",
  bos_token: "<bos>",
  eos_token: "<eos>",
  pad_token: "<pad>",
  unk_token: "<unk>",
  clean_up_tokenization_spaces: false,
  model_max_length: 256,
  chat_template: TEMPLATE,
});
