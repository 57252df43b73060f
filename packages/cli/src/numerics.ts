/** The numeric environment of this process, part of every key: results of another provider or dtype are other results. */
export const numerics = { provider: "cpu", dtype: "float32" } as const;
