// Messages on their way: kept in the store before they are sent, sent one after another, by one tab at a time.
import { Gone, Refusal, type Client } from "./client";
import { uuid } from "./format";
import { alone } from "./lock";
import type { Store } from "./store";
import { T } from "./texts";
import { backoff, Nap } from "./waiting";
import type { Urgent } from "./wire";

export interface Message {
  id: string;
  text: string;
  payload?: string;
  at: string;
  /** Rises with every message, in all tabs. */
  order: number;
  /** Why it will not be sent by itself. */
  failed?: string;
  /** What was said to it at once although the desk could not store it. */
  urgent?: Urgent;
}

export interface Outgoing extends Message {
  isAcknowledged: boolean;
}

/** Why the next message is still here. */
export type Delay = "none" | "again" | "busy" | "down";

/** The desk answers 500 so many times before a message lets the next one pass. */
const MOST_FAULTS = 6;

export interface QueueEvents {
  changed(): void;
  acknowledged(place: number): void;
  failed(message: Message): void;
  /** The desk cannot store it, and says at once what must not wait. */
  urgent(urgent: Urgent): void;
  /** Whether the conversation already shows this message as an entry. */
  isShown(id: string): boolean;
}

export class Queue {
  delay: Delay = "none";
  private readonly nap = new Nap();
  private readonly acknowledged = new Map<string, Message>();
  private isRunning = false;
  private failures = 0;
  private faults = 0;

  constructor(
    private readonly store: Store,
    private readonly client: Client,
    private readonly name: string,
    private readonly events: QueueEvents,
  ) {}

  /** Everything not yet among the entries, in order. */
  outgoing(): Outgoing[] {
    const kept = this.kept().map((message) => ({ ...message, isAcknowledged: false }));
    const ids = new Set(kept.map((message) => message.id));
    const taken = [...this.acknowledged.values()]
      .filter((message) => !ids.has(message.id))
      .map((message) => ({ ...message, isAcknowledged: true }));
    return [...kept, ...taken].filter((message) => !this.events.isShown(message.id)).sort(byOrder);
  }

  add(text: string, payload?: string): void {
    this.put({ id: uuid(), text, ...(payload && { payload }), at: new Date().toISOString(), order: this.nextOrder() });
    this.wake();
  }

  /** Sends a failed message again, after all that wait now. */
  again(id: string): void {
    const message = this.store.get<Message>(key(id));
    if (!message) return;
    const { failed: _, ...rest } = message;
    this.put({ ...rest, order: this.nextOrder() });
    this.wake();
  }

  drop(id: string): void {
    this.store.remove(key(id));
    this.events.changed();
  }

  /** An entry with this id has come: the message has arrived. */
  settle(id: string): void {
    this.acknowledged.delete(id);
    if (this.store.get(key(id))) this.store.remove(key(id));
  }

  /** Another tab took a message out. Only failed ones are dropped, so any other has been acknowledged. */
  takenElsewhere(message: Message): void {
    if (!message.failed) this.acknowledged.set(message.id, message);
  }

  /** Leaves it to the patient whether what is unsent goes into the next session. */
  fail(reason: string): void {
    this.acknowledged.clear();
    for (const message of this.kept()) this.store.set(key(message.id), { ...message, failed: message.failed ?? reason });
  }

  clear(): void {
    this.acknowledged.clear();
    for (const message of this.kept()) this.store.remove(key(message.id));
  }

  /** Forgets what only this tab knows. */
  reset(): void {
    this.acknowledged.clear();
    this.wake();
  }

  /** Sends what there is, now. */
  wake(): void {
    this.nap.end();
    void this.run();
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (this.next() && this.client.session) {
        const wait = await alone(this.store, this.name, (hold) => this.sendAll(hold));
        // The lock is free while this tab sleeps: a tab in front must not wait for one in the background.
        if (wait) await this.nap.sleep(wait);
      }
    } finally {
      this.isRunning = false;
    }
  }

  /** Sends until nothing is left (0) or the desk has to be left alone for so many milliseconds. */
  private async sendAll(hold: () => void): Promise<number> {
    for (let message = this.next(); message && this.client.session; message = this.next()) {
      hold();
      try {
        const { id, text, payload } = message;
        const { place } = await this.client.send({ id, text, ...(payload && { payload }) });
        this.failures = this.faults = 0;
        this.delay = "none";
        this.accepted(message);
        this.events.acknowledged(place);
      } catch (error) {
        if (error instanceof Gone) return 0;
        const wait = this.refused(message, error);
        if (wait) return wait;
      }
    }
    return 0;
  }

  private accepted(message: Message): void {
    // Gone from the store already when its entry has come, or when the history has been cleared meanwhile.
    if (!this.store.get(key(message.id))) return;
    this.acknowledged.set(message.id, message);
    this.store.remove(key(message.id));
    this.events.changed();
  }

  private refused(message: Message, error: unknown): number {
    const status = error instanceof Refusal ? error.status : 0;
    if (status === 500) this.faults += 1;
    const isFinal = status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);
    if (isFinal || this.faults >= MOST_FAULTS) {
      const detail = isFinal && error instanceof Refusal ? error.detail : T.serverTrouble;
      this.failures = this.faults = 0;
      this.delay = "none";
      if (this.store.get(key(message.id))) this.put({ ...message, failed: detail });
      this.events.failed({ ...message, failed: detail });
      return 0;
    }
    this.failures += 1;
    this.delay = status === 429 ? "busy" : status === 503 ? "down" : "again";
    const urgent = error instanceof Refusal ? error.urgent : null;
    if (urgent && !message.urgent && this.store.get(key(message.id))) {
      this.put({ ...message, urgent });
      this.events.urgent(urgent);
    }
    this.events.changed();
    return (error instanceof Refusal && error.wait) || backoff(this.failures);
  }

  private put(message: Message): void {
    this.store.set(key(message.id), message);
    this.events.changed();
  }

  private next(): Message | undefined {
    return this.kept().find((message) => message.failed === undefined);
  }

  private nextOrder(): number {
    return Math.max(Date.now(), ...this.outgoing().map((message) => message.order + 1));
  }

  private kept(): Message[] {
    return this.store
      .keys("queue:")
      .flatMap((name) => this.store.get<Message>(name) ?? [])
      .sort(byOrder);
  }
}

const key = (id: string): string => `queue:${id}`;

const byOrder = (one: Message, other: Message): number => one.order - other.order;
