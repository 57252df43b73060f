/** The model on the CPU: onnxruntime's plain WebAssembly build. */
import * as ort from "onnxruntime-web/wasm";
import { serveModel } from "./serve-model.ts";

serveModel(ort, "wasm");
