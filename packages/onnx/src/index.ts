/** Build, differentiate and run ONNX programs from TypeScript. */
export { type Cotangent, differentiate, pullBack } from "./differentiate.ts";
export { DTYPES, type DType, type TypedArray, typedArray } from "./dtype.ts";
export { GradientError, GraphError, Interrupted, NonFiniteLoss, SessionError } from "./errors.ts";
export { type Attribute, type ExternalData, Graph, type Node, type Tensor } from "./graph.ts";
export { float32, floats, type HostTensor, type HostTensors, release, tensorOf } from "./host-tensor.ts";
export { liveBytes } from "./live-bytes.ts";
export { defineOp, type OpDoc, type OpRow, opTable } from "./op-table.ts";
export * as ops from "./ops/index.ts";
export { type Program, programOf } from "./program.ts";
export { type ResidentTensor, RuntimeSession, resident, type SessionOptions, toHost } from "./runtime-session.ts";
export { type SaveOptions, saveOnnx } from "./save.ts";
export { toOnnx } from "./serialize.ts";
export { Session } from "./session.ts";
export type { Dim, Shape } from "./shape.ts";
export * from "./training/index.ts";
export { type DeviceTrial, tryDevice } from "./try-device.ts";
export { type CallContext, serve } from "./worker/guest.ts";
export { type CallOptions, type ErrorClasses, WorkerHost } from "./worker/host.ts";
