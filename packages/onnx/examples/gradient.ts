/** The gradient of a graph is more of the same graph: f(x) = Σ x³ and f′(x) = 3x², by one run. */
import { differentiate, floats, Graph, ops, Session, tensorOf } from "@precipice/onnx";

const graph = new Graph("cube");
const x = graph.input("x", "float32", ["n"]);
const loss = ops.reduceSum(ops.mul(ops.mul(x, x), x), [0], false);
const [slope] = differentiate(graph, loss, [x]);
graph.output("loss", loss);
graph.output("slope", slope!);

await using session = await Session.open(graph); // in a worker thread
const result = await session.run({ x: tensorOf("float32", [3], [1, 2, 3]) });
console.log(floats(result["loss"]), floats(result["slope"])); // [36] [3, 12, 27]
