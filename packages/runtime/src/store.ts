/** The content-addressed store under one name: `Store.open`, `Store.verify`, `Store.collect`, `Store.pin`. */
export { verifyAll } from "./bounded/tables.ts";
export { type Collected, type CollectOptions, collect, type KeptRuns, type Removal } from "./store/collect.ts";
export { type Entry, listEntries as entries } from "./store/entries.ts";
export type { Found } from "./store/found.ts";
export { pin, pinned, unpin } from "./store/pins.ts";
export { open, type Store } from "./store/store.ts";
export { type Verdict, verifyEntry as verify } from "./store/verify.ts";
