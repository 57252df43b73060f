/** Lets a small checkpoint write on, then looks at its residual stream at the end of the prompt. */
import { Analyzer, Checkpoint, Generator, residPost } from "@precipice/model";
import { floats } from "@precipice/onnx";

const checkpoint = Checkpoint.open("tests/corpus/stories260K"); // any folder in Hugging Face's layout
const prompt = checkpoint.tokenizer.encode("Once upon a time", "once");

await using generator = await Generator.open(checkpoint, { workers: 1 });
const [row] = await generator.generate([{ ids: prompt, seed: 7 }], {
  maxNewTokens: 24,
  sampling: { temperature: 0.8 },
});
console.log(checkpoint.tokenizer.decode([...prompt, ...row!.ids]));

const site = residPost(2); // "blocks.2.hook_resid_post", as TransformerLens names it
await using analyzer = await Analyzer.open(checkpoint, { capture: [site] });
for await (const { outputs } of analyzer.run({ rows: [prompt], captureAt: () => [prompt.length - 1] })) {
  console.log(floats(outputs[site])); // [d_model], at the last token
}
