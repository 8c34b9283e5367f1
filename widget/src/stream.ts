// What comes from the desk: an event stream, or long polls where streams do not get through.
import { Gone, Refusal, type Client } from "./client";
import { backoff, Nap } from "./waiting";
import type { Entry, State } from "./wire";

/** The desk pings every 15 s; after this long without a byte the connection is dead. */
const SILENCE = 40_000;
/** After this long without a ping a page that wakes up does not trust its stream. */
const STALE = 20_000;
/** A message the desk has taken comes over a working stream within this time. */
const OVERDUE = 8_000;
/** A stream shorter than this counts as a failure. */
const SHORT = 2_000;
/** So long after an entry the desk is told that it has come, once for all that come together. */
const CONFIRM = 1_000;
const MOST_FAILURES = 3;
const POLL_SECONDS = 25;
/** Streams are tried again after so long. */
const POLLING = 300_000;

export interface FeedEvents {
  /** `isNews` is false for what was there before this page was loaded. */
  entries(entries: Entry[], isNews: boolean): void;
  state(state: State): void;
  link(isUp: boolean): void;
}

/** Delivers every entry once, in order, until stopped. */
export class Feed {
  private readonly nap = new Nap();
  private readonly stopping = new AbortController();
  private connection = new AbortController();
  private overdue: ReturnType<typeof setTimeout> | undefined;
  private confirming: ReturnType<typeof setTimeout> | undefined;
  private after = 0;
  private failures = 0;
  private streamFailures = 0;
  private pollUntil = 0;
  private isStreaming = false;
  private lastByte = 0;

  /** With `isCaughtUp` everything is news; otherwise what is there already comes first, as history. */
  constructor(
    private readonly client: Client,
    private readonly events: FeedEvents,
    private isCaughtUp: boolean,
  ) {
    void this.run();
  }

  stop(): void {
    this.stopping.abort();
    this.connection.abort();
    clearTimeout(this.overdue);
    clearTimeout(this.confirming);
    this.nap.end();
  }

  /** The page woke up or the network came back. */
  wake(): void {
    this.failures = 0;
    this.nap.end();
    if (this.isStreaming && Date.now() - this.lastByte > STALE) this.connection.abort();
  }

  /** The desk has taken a message at this place: a stream that does not bring it soon is not working. */
  expect(place: number): void {
    clearTimeout(this.overdue);
    this.overdue = setTimeout(() => {
      if (this.after >= place || !this.isStreaming) return;
      this.pollUntil = Date.now() + POLLING;
      this.connection.abort();
    }, OVERDUE);
  }

  private get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const isPoll = !this.isCaughtUp || Date.now() < this.pollUntil;
      this.connection = new AbortController();
      try {
        if (isPoll) await this.poll();
        else await this.listen();
      } catch (error) {
        if (this.isStopped || error instanceof Gone) return;
        const wait = error instanceof Refusal ? error.wait : 0;
        await (isPoll ? this.pollFailed(wait) : this.streamFailed(wait));
      }
    }
  }

  private async poll(): Promise<void> {
    const wait = this.isCaughtUp && !this.failures ? POLL_SECONDS : 0;
    const page = await this.client.entries(this.after, wait, this.connection.signal);
    if (this.isStopped) return;
    // When polls failed as well it was the network, not the stream: the stream is worth another try.
    if (this.failures) this.pollUntil = 0;
    this.failures = 0;
    this.events.link(true);
    this.take(page.entries);
    if (page.state) this.events.state(page.state);
    if (!page.more) this.isCaughtUp = true;
  }

  private async pollFailed(wait: number): Promise<void> {
    this.failures += 1;
    this.events.link(false);
    await this.nap.sleep(wait || backoff(this.failures));
  }

  private async streamFailed(wait: number): Promise<void> {
    if (Date.now() < this.pollUntil) return;
    this.streamFailures += 1;
    if (this.streamFailures >= MOST_FAILURES) {
      this.pollUntil = Date.now() + POLLING;
      return;
    }
    this.failures += 1;
    this.events.link(false);
    await this.nap.sleep(wait || backoff(this.failures));
  }

  private async listen(): Promise<void> {
    const begun = Date.now();
    let isAlive = false;
    let watch: ReturnType<typeof setTimeout> | undefined;
    const rewatch = () => {
      clearTimeout(watch);
      this.lastByte = Date.now();
      watch = setTimeout(() => {
        if (!isAlive) this.pollUntil = Date.now() + POLLING;
        this.connection.abort();
      }, SILENCE);
    };
    rewatch();
    this.isStreaming = true;
    try {
      const reader = (await this.client.stream(this.after, this.connection.signal)).getReader();
      const decoder = new TextDecoder();
      const read = eventReader((name, data) => this.event(name, data));
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.isStopped) break;
        if (!isAlive) this.events.link(true);
        isAlive = true;
        rewatch();
        read(decoder.decode(value, { stream: true }));
      }
      if (Date.now() - begun < SHORT) throw new Error("the stream closed at once");
    } finally {
      clearTimeout(watch);
      this.isStreaming = false;
      if (isAlive && Date.now() - begun >= SHORT) this.failures = this.streamFailures = 0;
    }
  }

  private event(name: string, data: string): void {
    if (this.isStopped) return;
    if (name === "entry") {
      this.take([JSON.parse(data) as Entry]);
      clearTimeout(this.confirming);
      this.confirming = setTimeout(() => this.confirm(), CONFIRM);
    }
    else if (name === "state") this.events.state(JSON.parse(data) as State);
  }

  /** Tells the desk what has come: it cannot know that of a stream. The answer comes by the stream, too. */
  private confirm(): void {
    this.client.entries(this.after, 0, this.stopping.signal).catch(() => undefined);
  }

  private take(entries: Entry[]): void {
    const fresh = entries.filter((entry) => entry.place > this.after);
    if (!fresh.length) return;
    this.after = Math.max(...fresh.map((entry) => entry.place));
    this.events.entries(fresh, this.isCaughtUp);
  }
}

/** Reads the event stream format piece by piece (HTML standard, 9.2.6); ids are in the entries already. */
export function eventReader(event: (name: string, data: string) => void): (piece: string) => void {
  let rest = "";
  let name = "";
  let data: string[] = [];
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line) {
        if (data.length) event(name, data.join("\n"));
        name = "";
        data = [];
        continue;
      }
      const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
    }
  };
}
