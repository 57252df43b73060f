/**
 * A stream of the server, open only while the page is looked at: browsers keep few connections to one server, and a page in the
 * background must not hold one.
 */
import { refresh } from "./refresh.ts";

export const listen = (
  url: string,
  handlers: Readonly<Record<string, (data: string) => void>>,
): { readonly close: () => void } => {
  let source: EventSource | undefined;
  let done = false;
  const open = (): void => {
    if (source !== undefined || done || document.hidden) return;
    source = new EventSource(url);
    source.onopen = () => tell("following");
    source.onerror = () => tell("not connected; trying again");
    for (const [name, handle] of Object.entries(handlers))
      source.addEventListener(name, (event) => handle((event as MessageEvent<string>).data));
  };
  const close = (): void => {
    source?.close();
    source = undefined;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
  return {
    close: () => {
      done = true;
      close();
      tell("");
    },
  };
};

/** Makes this page anew whenever the server says that it changed. */
export const follow = (url: string, again: () => void): void => {
  let connections = 0;
  const renew = async (): Promise<void> => {
    await refresh();
    again();
  };
  const ready = (): void => {
    connections += 1;
    // what happened between two connections was not told
    if (connections > 1) void renew();
  };
  listen(url, { ready, changed: () => void renew() });
};

const tell = (text: string): void => {
  const live = document.getElementById("live");
  if (live !== null) live.textContent = text;
};
