/** All ops of the table as functions on tensors. */
export * from "./elementwise.ts";
export * from "./indexing.ts";
export * from "./layout.ts";
export * from "./linear.ts";
export * from "./logic.ts";
export * from "./loss.ts";
export * from "./normalisation.ts";
export * from "./quantised.ts";
export * from "./reduce.ts";
export * from "./routing.ts";
