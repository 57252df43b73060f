/** Trains a two-layer perceptron on XOR: forward pass, gradients and AdamW are one program. */
import { Graph, type HostTensor, ops, Trainer, tensorOf, trainingProgram } from "@precipice/onnx";

const HIDDEN = 8;

const graph = new Graph("xor");
const x = graph.input("x", "float32", ["n", 2]);
const y = graph.input("y", "float32", ["n", 1]);
const w1 = graph.input("w1", "float32", [2, HIDDEN]);
const b1 = graph.input("b1", "float32", [HIDDEN]);
const w2 = graph.input("w2", "float32", [HIDDEN, 1]);
const b2 = graph.input("b2", "float32", [1]);
const hidden = ops.tanh(ops.gemm(x, w1, { bias: b1 })); // [n, hidden]
const z = ops.gemm(hidden, w2, { bias: b2 }); // [n, 1], log-odds
const loss = ops.reduceMean(ops.binaryCrossEntropy(z, y), [0, 1], false);
const right = ops.cast(ops.equal(ops.greater(z, 0), ops.greater(y, 0.5)), "float32");
const accuracy = ops.reduceMean(right, [0, 1], false);
const training = trainingProgram(graph, { loss, parameters: [w1, b1, w2, b2], metrics: { accuracy } });

const spread = (dims: number[]): HostTensor => {
  const size = dims.reduce((a, b) => a * b);
  return tensorOf(
    "float32",
    dims,
    Array.from({ length: size }, (_, i) => Math.sin(7 * i + size)),
  ); // any fixed start will do
};
const start = { w1: spread([2, HIDDEN]), b1: spread([HIDDEN]), w2: spread([HIDDEN, 1]), b2: spread([1]) };
const batch = {
  x: tensorOf("float32", [4, 2], [0, 0, 0, 1, 1, 0, 1, 1]),
  y: tensorOf("float32", [4, 1], [0, 1, 1, 0]),
};

await using trainer = await Trainer.open(training, start);
for (let step = 1; step <= 200; step++) {
  const { loss, metrics } = await trainer.step(batch, 0.05);
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}, accuracy ${metrics["accuracy"]}`);
}
