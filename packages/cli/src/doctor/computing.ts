/** Whether models run here: onnxruntime, its devices, the embedded model. */
import type { Check } from "./check.ts";

/** One check per device; only the CPU is needed. */
export async function deviceChecks(): Promise<ReadonlyArray<Check>> {
  const { tryDevice } = await import("@precipice/onnx");
  const [cpu, webgpu, cuda] = await Promise.all([tryDevice("cpu"), tryDevice("webgpu"), tryDevice("cuda")]);
  const optional = (name: string, error: string | undefined, remedy: string): Check =>
    error === undefined
      ? { name, status: "ok", found: "computes" }
      : { name, status: "note", found: `not here: ${error}`, remedy };
  return [
    cpu.version === undefined || cpu.error !== undefined
      ? {
          name: "onnxruntime",
          status: "problem",
          found: `${cpu.version ?? "cannot be loaded"}: ${cpu.error}`,
          remedy: "Run npm install again here; onnxruntime-node has binaries for x64 and arm64, on Linux with glibc.",
        }
      : { name: "onnxruntime", status: "ok", found: `${cpu.version}, computes on the CPU` },
    optional("webgpu", webgpu.error, "Nothing needs it. It takes a driver for Vulkan, Metal or Direct3D 12."),
    optional(
      "cuda",
      cuda.error,
      "Nothing needs it. ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false",
    ),
  ];
}

/** The weights that ship with the package, as far as a checkpoint says what is in it. */
export async function embeddedCheck(): Promise<Check> {
  const name = "organism";
  try {
    const { Checkpoint } = await import("@precipice/model");
    const { organismFolder } = await import("@precipice/organism");
    const { layers, heads } = Checkpoint.open(organismFolder("cliff") ?? "").config;
    return { name, status: "ok", found: `organism://cliff, ${layers} layers of ${heads} heads` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { name, status: "problem", found, remedy: "The package is damaged: install @precipice/organism again." };
  }
}
