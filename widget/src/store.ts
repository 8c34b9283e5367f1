// What the browser keeps: localStorage, sessionStorage on shared machines, or memory when both are blocked.

type Area = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

class MemoryArea implements Area {
  private readonly values = new Map<string, string>();

  get length(): number {
    return this.values.size;
  }

  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }

  removeItem(key: string): void {
    this.values.delete(key);
  }
}

function usable(name: "localStorage" | "sessionStorage", probe: string): Storage | null {
  try {
    const area = window[name];
    area.setItem(probe, "");
    area.removeItem(probe);
    return area;
  } catch {
    return null;
  }
}

/** JSON values under one prefix, shared with the other tabs when they are in localStorage. */
export class Store {
  private readonly prefix: string;
  private readonly local: Storage | null;
  private readonly session: Storage | null;
  private area: Area;
  /** What found no room in the area, which the page that embeds the chat fills as well. */
  private readonly rest = new MemoryArea();

  constructor(clinic: string) {
    this.prefix = `soudan:${clinic}:`;
    this.local = usable("localStorage", this.prefix);
    this.session = usable("sessionStorage", this.prefix);
    const isShared = Boolean(this.session?.getItem(`${this.prefix}session`));
    this.area = (isShared ? this.session : this.local) ?? this.session ?? new MemoryArea();
  }

  /** False when everything is lost with the page. */
  get isKept(): boolean {
    return !(this.area instanceof MemoryArea);
  }

  /** Chooses where the coming session is kept. */
  choose(isShared: boolean): void {
    const left = this.area;
    this.area = (isShared ? this.session : this.local) ?? this.session ?? this.area;
    if (left !== this.area) this.move(left);
  }

  get<T>(key: string): T | null {
    return parse<T>(this.rest.getItem(this.prefix + key) ?? this.area.getItem(this.prefix + key));
  }

  set(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    try {
      this.area.setItem(this.prefix + key, text);
      this.rest.removeItem(this.prefix + key);
    } catch {
      this.rest.setItem(this.prefix + key, text);
    }
  }

  remove(key: string): void {
    this.area.removeItem(this.prefix + key);
    this.rest.removeItem(this.prefix + key);
  }

  /** Keys beginning with `start`, without the prefix of the clinic. */
  keys(start: string): string[] {
    const found = [...keysOf(this.area, this.prefix + start), ...keysOf(this.rest, this.prefix + start)];
    return [...new Set(found)].map((key) => key.slice(this.prefix.length));
  }

  /** Tells of changes other tabs make: key (null: everything was wiped), old and new value. */
  watch(changed: (key: string | null, before: unknown, after: unknown) => void): () => void {
    const listener = (event: StorageEvent) => {
      if (event.storageArea !== this.area) return;
      if (event.key === null) changed(null, null, null);
      else if (event.key.startsWith(this.prefix))
        changed(event.key.slice(this.prefix.length), parse(event.oldValue), parse(event.newValue));
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }

  private move(from: Area): void {
    for (const key of keysOf(from, this.prefix)) {
      this.area.setItem(key, from.getItem(key) ?? "");
      from.removeItem(key);
    }
  }
}

function keysOf(area: Area, start: string): string[] {
  return Array.from({ length: area.length }, (_, index) => area.key(index) ?? "").filter((key) => key.startsWith(start));
}

function parse<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
