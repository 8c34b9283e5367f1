// One tab at a time: navigator.locks, or a time stamp in the store on pages without https.
import { uuid } from "./format";
import type { Store } from "./store";

const OWNER = uuid();
/** Longer than any one request; a tab that vanished holds the others up no longer than this. */
const HOLD = 30_000;

interface Held {
  owner: string;
  until: number;
}

/** Runs `work` while no other tab runs it. `work` calls `hold` before each step that takes time. */
export async function alone<T>(store: Store, name: string, work: (hold: () => void) => Promise<T>): Promise<T> {
  // Without storage there are no other tabs, and frames without storage may have no locks either.
  if (navigator.locks && store.isKept) return navigator.locks.request(name, () => work(() => undefined)) as Promise<T>;
  const hold = () => store.set("lock", { owner: OWNER, until: Date.now() + HOLD });
  const held = () => store.get<Held>("lock");
  const release = () => {
    if (held()?.owner === OWNER) store.remove("lock");
  };
  addEventListener("pagehide", release);
  for (;;) {
    const other = held();
    if (!other || other.owner === OWNER || other.until < Date.now()) {
      hold();
      // Two tabs may have written at once: the later one has it.
      await new Promise((resolve) => setTimeout(resolve, 60));
      if (held()?.owner === OWNER) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 200));
  }
  try {
    return await work(hold);
  } finally {
    removeEventListener("pagehide", release);
    release();
  }
}
