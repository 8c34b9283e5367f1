// The conversation: entries, messages on their way, quick replies, what goes on, and the composer.
import type { Announcer } from "./announcer";
import { Composer } from "./composer";
import type { Conversation } from "./conversation";
import { button, h, isTouch, phoneLink, setText } from "./dom";
import { entryNode, item, labelDay, urgentCard, type EntryNode } from "./entry";
import { day, clock } from "./format";
import type { Outgoing } from "./queue";
import { Scroller } from "./scroller";
import { T } from "./texts";
import { PERSON, type Entry, type State } from "./wire";

export class Talk {
  readonly node: HTMLElement;
  readonly composer: Composer;
  private readonly list = h("ol", { role: "list" });
  private readonly quick = h("div", { class: "quick", role: "group", "aria-label": T.quickReplies, hidden: true });
  private readonly typing = h("p", { class: "typing", hidden: true }, T.typing);
  private readonly area: HTMLElement;
  private readonly pinned = h("div", { class: "pinned", role: "group", "aria-label": T.urgentPinned, hidden: true });
  private readonly status = h("p", { class: "status", hidden: true });
  private readonly link = h("p", { class: "status link-lost", hidden: true }, T.lost);
  private readonly below = button(T.newMessages, "below", () => this.scroller.toEnd());
  private readonly read = h("p", { class: "mark" }, T.read);
  private readonly scroller: Scroller;
  private readonly shown: EntryNode[] = [];
  private readonly pending = new Map<string, HTMLLIElement>();

  constructor(
    private readonly conversation: Conversation,
    private readonly announcer: Announcer,
  ) {
    const inner = h("div", { class: "inner" }, this.list, this.typing, this.quick);
    this.area = h("div", { class: "area", role: "region", "aria-label": T.conversation, tabindex: "0" }, inner);
    this.below.hidden = true;
    this.composer = new Composer({
      send: (text) => this.send(text),
      askForPerson: () => this.send(T.person, PERSON),
      announce: (text) => announcer.say(text),
    });
    const middle = h("div", { class: "middle" }, this.area, this.below);
    this.node = h("div", { class: "talk" }, this.pinned, middle, this.status, this.link, this.composer.node);
    this.scroller = new Scroller(this.area, (isBelow) => (this.below.hidden = !isBelow));
    this.add(conversation.entries, false);
    this.showState();
    this.showOutgoing();
    this.showLink();
  }

  /** On a touch screen the keyboard would cover what there is to read. */
  focus(): void {
    (isTouch() ? this.area : this.composer.field).focus({ preventScroll: true });
  }

  add(entries: Entry[], isNews: boolean): void {
    const nodes = entries.map((entry) =>
      entryNode(entry, {
        rate: (rated, helpful) => this.conversation.rate(rated, helpful),
        announce: (text) => this.announcer.say(text),
      }),
    );
    const firstPending = this.pending.values().next().value ?? null;
    for (const one of nodes) {
      labelDay(one, this.shown.at(-1)?.entry);
      this.list.insertBefore(one.node, firstPending);
      this.shown.push(one);
    }
    this.showOutgoing();
    this.showRead();
    this.showUrgent();
    const others = nodes.filter(({ entry }) => entry.author !== "patient");
    const [first, last] = [others[0], others.at(-1)];
    if (!isNews) this.scroller.toEnd();
    else if (first && last) this.scroller.added(first.node, last.node);
  }

  showState(before?: State): void {
    const { state } = this.conversation;
    const isTyping = state.waiting && state.mode === "bot";
    if (isTyping && this.typing.hidden) this.announcer.say(T.typing);
    this.typing.hidden = !isTyping;
    const status = statusText(state);
    if (before && status && status !== this.status.textContent) this.announcer.say(status);
    setText(this.status, status);
    this.status.hidden = !status;
    this.showRead();
    this.showUrgent();
  }

  showLink(): void {
    const { isLinked } = this.conversation;
    if (this.link.hidden !== isLinked) this.announcer.say(isLinked ? T.back : T.lost);
    this.link.hidden = isLinked;
  }

  showOutgoing(): void {
    const outgoing = this.conversation.outgoing;
    const ids = new Set(outgoing.map((message) => message.id));
    for (const [id, node] of this.pending) {
      if (ids.has(id)) continue;
      if (node.contains(focused(node))) this.focus();
      node.remove();
      this.pending.delete(id);
    }
    outgoing.forEach((message, index) => {
      const node = this.pending.get(message.id) ?? pendingNode(message);
      this.pending.set(message.id, node);
      const place = this.list.children[this.shown.length + index];
      if (place !== node) this.list.insertBefore(node, place ?? null);
      this.showProgress(node, message);
    });
    this.composer.isAskingForPerson = this.conversation.isAskingForPerson;
    this.showQuick(outgoing);
  }

  private send(text: string, payload?: string): void {
    this.conversation.send(text, payload);
    this.scroller.toEnd();
  }

  private showProgress(node: HTMLLIElement, message: Outgoing): void {
    if (message.urgent && !node.querySelector(".card")) node.insertBefore(urgentCard(message.urgent), node.lastElementChild);
    const progress = node.lastElementChild!;
    const text = this.progressText(message);
    if (progress.firstChild?.textContent === text) return;
    if (message.failed === undefined) return progress.replaceChildren(h("span", {}, text));
    const again = () => {
      this.conversation.again(message.id);
      this.focus();
    };
    progress.replaceChildren(
      h("span", { class: "problem" }, text),
      button(T.again, "secondary", again),
      button(T.drop, "secondary", () => this.conversation.drop(message.id)),
    );
  }

  private progressText(message: Outgoing): string {
    if (message.failed !== undefined) return T.failed(message.failed);
    if (message.isAcknowledged) return T.sent;
    if (!navigator.onLine) return T.offline;
    return { none: T.sending, again: T.sendingAgain, busy: T.busy, down: T.down }[this.conversation.delay];
  }

  /** The buttons of the last entry, while nothing of the patient's is on its way. */
  private showQuick(outgoing: Outgoing[]): void {
    const isSending = outgoing.some((message) => message.failed === undefined);
    const buttons = isSending ? [] : (this.shown.at(-1)?.entry.buttons ?? []);
    const key = JSON.stringify(buttons);
    if (key === this.quick.dataset["key"]) return;
    this.quick.dataset["key"] = key;
    if (this.quick.contains(focused(this.quick))) this.focus();
    this.quick.replaceChildren(
      ...buttons.map(({ title, payload }) => button(title, "secondary", () => this.send(title, payload))),
    );
    this.quick.hidden = !buttons.length;
  }

  private showRead(): void {
    const { mode, read } = this.conversation.state;
    const own = this.shown.filter(({ entry }) => entry.author === "patient" && entry.place <= read).at(-1);
    if (mode === "bot" || !own) this.read.remove();
    else if (this.read.parentNode !== own.node) own.node.append(this.read);
  }

  private showUrgent(): void {
    const place = this.conversation.state.urgent;
    const card = this.shown.find(({ entry }) => entry.place === place);
    const key = `${place} ${card !== undefined}`;
    if (key === this.pinned.dataset["key"]) return;
    this.pinned.dataset["key"] = key;
    this.pinned.hidden = place === null;
    const phones = card?.entry.telephones.flatMap((number) => phoneLink(number, number, "phone")) ?? [];
    this.pinned.replaceChildren(h("p", {}, h("strong", {}, T.urgentPinned)), ...phones);
    if (card) this.pinned.append(button(T.urgentShow, "secondary", () => this.showCard(card.node)));
  }

  private showCard(node: HTMLElement): void {
    node.scrollIntoView({ block: "start" });
    node.focus({ preventScroll: true });
  }
}

/** Who has the conversation, or when somebody will. */
function statusText(state: State): string {
  if (state.mode === "bot") return "";
  if (state.waiting && state.opens_at) return T.closed(`${day(state.opens_at)} ${clock(state.opens_at)}`);
  return T.human;
}

function pendingNode(message: Outgoing): HTMLLIElement {
  const node = item("patient", message.at, false, h("p", { class: "plain" }, message.text));
  node.append(h("div", { class: "progress" }));
  return node;
}

/** What has the focus in the shadow tree of a node. */
const focused = (node: Node): Element | null => (node.getRootNode() as ShadowRoot).activeElement ?? null;
