// The desk over HTTP: sessions, tokens and their renewal, messages, pages of entries, feedback.
import type { Store } from "./store";
import type { About, Page, Urgent } from "./wire";

export interface Session {
  token: string;
  refresh: string;
  /** Milliseconds since 1970, by this machine's clock. */
  expires: number;
}

/** The session is over: consent has to be given anew. */
export class Gone extends Error {}

/** The desk answered with an error. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    /** The desk's words for people, or "". */
    readonly detail: string,
    /** Milliseconds to wait, 0 when the desk did not say. */
    readonly wait: number,
    /** What must be said at once although the message is not stored; null for nothing. */
    readonly urgent: Urgent | null = null,
  ) {
    super(`${status} ${detail}`);
  }
}

interface Call {
  method?: string;
  body?: unknown;
  token?: string;
  timeout?: number;
  signal?: AbortSignal;
  keepalive?: boolean;
  headers?: Record<string, string>;
}

const TIMEOUT = 20_000;

export class Client {
  private renewal: Promise<Session> | undefined;

  /** `gone` is called once the desk no longer knows the session. */
  constructor(
    private readonly base: string,
    private readonly store: Store,
    private readonly gone: () => void,
  ) {}

  get session(): Session | null {
    return this.store.get<Session>("session");
  }

  about(): Promise<About> {
    return this.call<About>("/chat/about", {});
  }

  /** Makes a session and keeps it in the store. */
  async begin(): Promise<void> {
    const made = await this.call<{ token: string; refresh: string; expires_in: number }>("/chat/sessions", {
      method: "POST",
      body: { consent: true },
    });
    this.store.set("session", { token: made.token, refresh: made.refresh, expires: expiry(made.expires_in) });
  }

  send(message: { id: string; text: string; payload?: string }): Promise<{ place: number; is_new: boolean }> {
    return this.authorised((token) => this.call("/chat/messages", { method: "POST", body: message, token }));
  }

  /** Entries after a place; the desk holds the answer back for up to `wait` seconds until there is something. */
  entries(after: number, wait: number, signal: AbortSignal): Promise<Page> {
    const path = `/chat/entries?after=${after}&wait=${wait}`;
    return this.authorised((token) => this.call(path, { token, signal, timeout: wait * 1000 + TIMEOUT }));
  }

  /** The open event stream after a place. */
  stream(after: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return this.authorised(async (token) => {
      const headers = { Accept: "text/event-stream", "Last-Event-ID": String(after) };
      const response = await fetch(this.base + "/chat/stream", options({ token, headers }, signal));
      if (!response.ok) throw refusal(response, await response.text());
      if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream"))
        throw new Error("no event stream");
      return response.body;
    });
  }

  /** All that the desk holds about the conversation, as a file. */
  record(form: "html" | "json"): Promise<Blob> {
    return this.authorised(async (token) => {
      const response = await fetch(`${this.base}/chat/record?form=${form}`, options({ token }, AbortSignal.timeout(TIMEOUT)));
      if (!response.ok) throw refusal(response, await response.text());
      return response.blob();
    });
  }

  /** Has the conversation erased; the day until which the clinic keeps a record of it, null for none. */
  async erase(): Promise<string | null> {
    const body = { confirmed: true };
    const done = await this.authorised((token) =>
      this.call<{ kept_until: string | null }>("/chat/erasure", { method: "POST", body, token }),
    );
    return done.kept_until;
  }

  feedback(place: number, helpful: boolean): Promise<void> {
    return this.authorised((token) => this.call("/chat/feedback", { method: "POST", body: { place, helpful }, token }));
  }

  /** Ends a session that is no longer in the store. Throws when the desk could not be reached. */
  async end(session: Session): Promise<void> {
    const remove = (token: string) =>
      this.call<void>("/chat/sessions", { method: "DELETE", token, keepalive: true });
    try {
      await remove(session.token).catch(async (error: unknown) => {
        if (!isUnauthorised(error)) throw error;
        await remove((await this.renewed(session)).token);
      });
    } catch (error) {
      if (!isUnauthorised(error)) throw error;
    }
  }

  private async authorised<T>(run: (token: string) => Promise<T>): Promise<T> {
    const found = this.session;
    if (!found) throw new Gone();
    const session = found.expires - Date.now() < 5000 ? await this.renew(found) : found;
    try {
      return await run(session.token);
    } catch (error) {
      if (!isUnauthorised(error)) throw error;
      return run((await this.renew(session)).token);
    }
  }

  /** A session with a working token; another tab may have renewed it already. */
  private async renew(stale: Session): Promise<Session> {
    const kept = this.session;
    if (kept?.refresh !== stale.refresh) throw new Gone();
    if (kept.token !== stale.token) return kept;
    this.renewal ??= this.renewKept(kept).finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  private async renewKept(kept: Session): Promise<Session> {
    try {
      const renewed = await this.renewed(kept);
      // The history may have been cleared, here or in another tab, while the desk was answering.
      if (this.session?.refresh !== kept.refresh) throw new Gone();
      this.store.set("session", renewed);
      return renewed;
    } catch (error) {
      if (!isUnauthorised(error)) throw error;
      if (this.session?.refresh === kept.refresh) this.gone();
      throw new Gone();
    }
  }

  private async renewed(session: Session): Promise<Session> {
    const body = { refresh: session.refresh };
    const made = await this.call<{ token: string; expires_in: number }>("/chat/sessions/refresh", { method: "POST", body });
    return { ...session, token: made.token, expires: expiry(made.expires_in) };
  }

  private async call<T>(path: string, call: Call): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, call.timeout ?? TIMEOUT);
    call.signal?.addEventListener("abort", abort);
    if (call.signal?.aborted) abort();
    try {
      const response = await fetch(this.base + path, options(call, controller.signal));
      const text = await response.text();
      if (!response.ok) throw refusal(response, text);
      return (text ? JSON.parse(text) : undefined) as T;
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", abort);
    }
  }
}

function options(call: Call, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = { ...call.headers };
  if (call.token) headers["Authorization"] = `Bearer ${call.token}`;
  if (call.body !== undefined) headers["Content-Type"] = "application/json";
  return {
    method: call.method ?? "GET",
    headers,
    body: call.body === undefined ? null : JSON.stringify(call.body),
    mode: "cors",
    credentials: "omit",
    cache: "no-store",
    keepalive: call.keepalive ?? false,
    signal,
  };
}

function refusal(response: Response, text: string): Refusal {
  let said: { detail?: unknown; urgent?: Urgent | null };
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    said = {};
  }
  const detail = typeof said.detail === "string" ? said.detail : "";
  const seconds = Number(response.headers.get("Retry-After"));
  return new Refusal(response.status, detail, seconds > 0 ? seconds * 1000 : 0, said.urgent ?? null);
}

const isUnauthorised = (error: unknown): boolean => error instanceof Refusal && error.status === 401;

const expiry = (seconds: number): number => Date.now() + seconds * 1000;
