/** The content-addressed store under one name: `Store.open`, `Store.Store`. */
export { type Found, open, type Store } from "./store/store.ts";
