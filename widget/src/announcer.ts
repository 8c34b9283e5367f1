// The one live region: says what is new to people who listen.
import { SENDERS, T } from "./texts";
import { h } from "./dom";
import { shorten } from "./format";
import type { Entry } from "./wire";

const TOGETHER = 150;
const LEAVE = 6000;
const LONGEST = 120;
const LONGEST_URGENT = 400;
const MOST = 3;

export class Announcer {
  readonly node = h("div", { "aria-live": "polite", class: "unseen" });
  private waiting: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    if (!this.waiting.includes(text)) this.waiting.push(text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.speak(), TOGETHER);
  }

  /** Messages of others; a long one is cut, emergency guidance hardly. */
  sayEntries(entries: Entry[]): void {
    if (entries.length > MOST) this.say(T.newCount(entries.length));
    for (const entry of entries.slice(-MOST)) {
      const text = entry.urgent ? `${T.urgent}。${entry.text}` : entry.text;
      this.say(T.announced(SENDERS[entry.author], shorten(text, entry.urgent ? LONGEST_URGENT : LONGEST, T.goesOn)));
    }
  }

  private speak(): void {
    this.node.textContent = this.waiting.splice(0).join("\n");
    // What stays would be met again when reading through the page.
    this.timer = setTimeout(() => {
      if (this.waiting.length) this.speak();
      else this.node.textContent = "";
    }, LEAVE);
  }
}
