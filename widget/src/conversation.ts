// One patient's conversation in this tab: what there is to show, and what the patient can do.
import { Client, Refusal, type Session } from "./client";
import { Queue, type Message, type Outgoing } from "./queue";
import type { Store } from "./store";
import { Feed } from "./stream";
import { T } from "./texts";
import { PERSON, type About, type Entry, type State, type Urgent } from "./wire";

export type Phase = "idle" | "loading" | "unreachable" | "notice" | "talking";

export interface Listener {
  phaseChanged(): void;
  entriesCame(entries: Entry[], isNews: boolean): void;
  stateChanged(before: State): void;
  outgoingChanged(): void;
  linkChanged(): void;
  unreadChanged(): void;
  /** Something must be said at once to a message that is not stored. */
  urgentCame(urgent: Urgent): void;
  /** A message was refused for good. */
  messageFailed(message: Message): void;
}

/** Between attempts to end a session at a desk that cannot be reached. */
const FAREWELL_AGAIN = 15_000;

const QUIET: State = { mode: "bot", waiting: false, read: 0, opens_at: null, urgent: null };

export class Conversation {
  phase: Phase = "idle";
  about: About | null = null;
  /** By place. */
  entries: Entry[] = [];
  state: State = QUIET;
  isLinked = true;
  /** The desk ended the last session. */
  isLapsed = false;
  /** Differs for every session this page has seen. */
  round = 0;
  private readonly ids = new Set<string>();
  private readonly client: Client;
  private readonly queue: Queue;
  private feed: Feed | null = null;
  private current: string | null = null;
  private farewellTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly undo: (() => void)[] = [];

  constructor(
    base: string,
    clinic: string,
    readonly store: Store,
    private readonly listener: Listener,
  ) {
    this.client = new Client(base, store, () => this.lapse());
    this.queue = new Queue(store, this.client, `soudan:${clinic}`, {
      changed: () => listener.outgoingChanged(),
      acknowledged: (place) => this.feed?.expect(place),
      failed: (message) => listener.messageFailed(message),
      urgent: (urgent) => listener.urgentCame(urgent),
      isShown: (id) => this.ids.has(id),
    });
  }

  /** Listens to the browser and takes up a session that is there already. */
  connect(): void {
    const listen = (target: EventTarget, name: string, run: () => void) => {
      target.addEventListener(name, run);
      this.undo.push(() => target.removeEventListener(name, run));
    };
    const wake = () => this.wake();
    listen(window, "online", wake);
    listen(window, "pageshow", wake);
    listen(document, "visibilitychange", wake);
    listen(window, "offline", () => this.listener.outgoingChanged());
    this.undo.push(this.store.watch((key, before, after) => this.changedElsewhere(key, before, after)));
    if (this.client.session) this.talk(false);
    void this.sayFarewells();
  }

  disconnect(): void {
    this.undo.splice(0).forEach((undo) => undo());
    clearTimeout(this.farewellTimer);
    this.feed?.stop();
    this.feed = null;
    this.phase = "idle";
  }

  /** Called when the panel opens: gets what the first screen needs. */
  async open(): Promise<void> {
    if (this.phase === "talking") return void this.loadAbout();
    if (this.phase === "loading" || this.phase === "notice") return;
    this.enter("loading");
    await this.loadAbout();
    // Another tab may have begun a session meanwhile.
    if ((this.phase as Phase) === "loading") this.enter(this.about ? "notice" : "unreachable");
  }

  /** Begins a session. Returns what went wrong, in words, or "". */
  async consent(isShared: boolean): Promise<string> {
    try {
      this.store.choose(isShared);
      await this.client.begin();
      this.isLapsed = false;
      this.talk(true);
      return "";
    } catch (error) {
      return (error instanceof Refusal && error.detail) || T.beginFailed;
    }
  }

  get outgoing(): Outgoing[] {
    return this.queue.outgoing();
  }

  get delay(): Queue["delay"] {
    return this.queue.delay;
  }

  get isAskingForPerson(): boolean {
    return this.outgoing.some((message) => message.payload === PERSON && !message.isAcknowledged && !message.failed);
  }

  /** What others wrote and nobody has seen. */
  get unread(): Entry[] {
    const seen = this.store.get<number>("seen") ?? 0;
    return this.entries.filter((entry) => entry.author !== "patient" && entry.place > seen);
  }

  /** Everything that is here has been seen. */
  see(): void {
    const last = this.entries.at(-1)?.place ?? 0;
    if (last <= (this.store.get<number>("seen") ?? 0)) return;
    this.store.set("seen", last);
    this.listener.unreadChanged();
  }

  send(text: string, payload?: string): void {
    this.queue.add(text, payload);
  }

  again(id: string): void {
    this.queue.again(id);
  }

  drop(id: string): void {
    this.queue.drop(id);
  }

  async rate(entry: Entry, helpful: boolean): Promise<void> {
    await this.client.feedback(entry.place, helpful);
    entry.helpful = helpful;
  }

  /** Removes everything from this browser at once, and ends the session at the desk as soon as it can be reached. */
  forget(): void {
    const session = this.client.session;
    if (session) this.store.set("farewells", [...this.farewells, session]);
    this.queue.clear();
    this.store.remove("seen");
    this.store.remove("session");
    this.end();
    void this.sayFarewells();
  }

  /** The record of the conversation as a file; the desk's words for people when there is none. */
  async record(form: "html" | "json"): Promise<Blob | string> {
    try {
      return await this.client.record(form);
    } catch (error) {
      return (error instanceof Refusal && error.detail) || "";
    }
  }

  /** Has the desk erase the conversation, and then this browser; what to tell, and whether it is done. */
  async erase(): Promise<{ isDone: boolean; told: string }> {
    try {
      const until = await this.client.erase();
      this.forget();
      return { isDone: true, told: until ? T.eraseKept(until) : T.erased };
    } catch (error) {
      return { isDone: false, told: (error instanceof Refusal && error.detail) || "" };
    }
  }

  private get farewells(): Session[] {
    return this.store.get<Session[]>("farewells") ?? [];
  }

  private async sayFarewells(): Promise<void> {
    clearTimeout(this.farewellTimer);
    for (const session of this.farewells) {
      try {
        await this.client.end(session);
      } catch {
        this.farewellTimer = setTimeout(() => void this.sayFarewells(), FAREWELL_AGAIN);
        return;
      }
      const left = this.farewells.filter((other) => other.refresh !== session.refresh);
      if (left.length) this.store.set("farewells", left);
      else this.store.remove("farewells");
    }
  }

  private async loadAbout(): Promise<void> {
    if (this.about) return;
    try {
      this.about = await this.client.about();
      this.listener.phaseChanged();
    } catch {
      // open() shows that the desk is out of reach; a running conversation asks again when the link is back.
      this.about = null;
    }
  }

  private talk(isNew: boolean): void {
    this.current = this.client.session?.refresh ?? null;
    this.clear();
    this.round += 1;
    this.enter("talking");
    this.feed = new Feed(this.client, this.feedEvents(), isNew);
    this.queue.wake();
    void this.loadAbout();
  }

  private feedEvents(): ConstructorParameters<typeof Feed>[1] {
    return {
      entries: (entries, isNews) => {
        for (const entry of entries) {
          if (!entry.id) continue;
          this.ids.add(entry.id);
          this.queue.settle(entry.id);
        }
        this.entries.push(...entries);
        this.listener.entriesCame(entries, isNews);
      },
      state: (state) => {
        const before = this.state;
        this.state = state;
        this.listener.stateChanged(before);
      },
      link: (isUp) => {
        if (isUp) void this.loadAbout();
        if (isUp === this.isLinked) return;
        this.isLinked = isUp;
        this.listener.linkChanged();
        if (isUp) this.queue.wake();
      },
    };
  }

  private wake(): void {
    if (document.visibilityState === "hidden") return;
    if (this.phase === "unreachable") void this.open();
    this.feed?.wake();
    this.queue.wake();
    this.listener.outgoingChanged();
    void this.sayFarewells();
  }

  private changedElsewhere(key: string | null, before: unknown, after: unknown): void {
    if (key === null || key === "session") this.sessionChangedElsewhere();
    else if (key === "seen") this.listener.unreadChanged();
    else if (key.startsWith("queue:")) {
      if (before && !after) this.queue.takenElsewhere(before as Message);
      if (after) this.queue.wake();
      this.listener.outgoingChanged();
    }
  }

  private sessionChangedElsewhere(): void {
    const refresh = this.client.session?.refresh ?? null;
    if (refresh === this.current) return;
    if (refresh) this.talk(true);
    else this.end();
  }

  /** The desk no longer knows the session. */
  private lapse(): void {
    this.queue.fail(T.unsent);
    this.store.remove("seen");
    this.store.remove("session");
    this.isLapsed = true;
    this.end();
  }

  private end(): void {
    this.current = null;
    this.clear();
    this.phase = "idle";
    this.listener.phaseChanged();
  }

  private clear(): void {
    this.feed?.stop();
    this.feed = null;
    this.entries = [];
    this.ids.clear();
    this.state = QUIET;
    this.isLinked = true;
    this.queue.reset();
    this.listener.unreadChanged();
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.listener.phaseChanged();
  }
}
