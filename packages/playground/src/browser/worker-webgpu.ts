/** The model on the GPU, where the browser has WebGPU. Loaded only when asked for: it is twice the size. */
import * as ort from "onnxruntime-web/webgpu";
import { serveModel } from "./serve-model.ts";

serveModel(ort, "webgpu");
