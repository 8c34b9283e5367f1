// One entry of the conversation as a list item.
import { button, h, linked, phoneLink, setText } from "./dom";
import { clock, day, length, uuid } from "./format";
import { SENDERS, T } from "./texts";
import type { Author, Block, Entry, Urgent } from "./wire";

const FOLD_LINES = 6;
const FOLD_LENGTH = 220;
const SHOWN_LINES = 3;
const SHOWN_LENGTH = 120;

export interface EntryActions {
  rate(entry: Entry, helpful: boolean): Promise<void>;
  announce(text: string): void;
}

export interface EntryNode {
  readonly entry: Entry;
  readonly node: HTMLLIElement;
  readonly day: HTMLElement;
}

/** The parts that entries and messages on their way have in common. */
export function item(author: Author, at: string, urgent: boolean, ...content: Node[]): HTMLLIElement {
  const who = h("span", { class: "who" }, SENDERS[author]);
  const meta = h("p", { class: "meta" }, who, " ", h("time", { datetime: at }, clock(at)));
  const look = author === "patient" ? "own" : author === "bot" || author === "desk" ? "other" : "other person";
  return h("li", { class: look }, meta, h("div", { class: urgent ? "bubble card" : "bubble" }, ...content));
}

export function entryNode(entry: Entry, actions: EntryActions): EntryNode {
  const node = item(entry.author, entry.at, entry.urgent, ...content(entry));
  if (entry.urgent) node.tabIndex = -1;
  const label = h("p", { class: "day", hidden: true });
  node.prepend(label);
  if (entry.answer) node.append(feedback(entry, actions));
  return { entry, node, day: label };
}

/** Shows the day above an entry that is the first of its day. */
export function labelDay(one: EntryNode, before: Entry | undefined): void {
  const own = day(one.entry.at);
  setText(one.day, own);
  one.day.hidden = before !== undefined && day(before.at) === own;
}

function content(entry: Entry): Node[] {
  const isOwn = entry.author === "patient";
  const isFolded = !entry.urgent && (entry.author === "bot" || entry.author === "desk") && isLong(entry.blocks);
  const main = entry.blocks.filter((block) => block.look !== "small");
  const small = entry.blocks.filter((block) => block.look === "small");
  const nodes: Node[] = entry.urgent ? [h("p", { class: "alarm" }, h("strong", {}, T.urgent))] : [];
  nodes.push(...(isFolded ? folded(main) : main.map((block) => whole(block, isOwn))));
  const look = entry.urgent ? "phone" : "link";
  const phones = entry.telephones.flatMap((number) => phoneLink(number, T.call(number), look));
  if (phones.length) nodes.push(h("p", { class: "phones" }, ...phones));
  nodes.push(...small.map((block) => whole(block, isOwn)));
  return nodes;
}

/** What is said at once below a message that the desk could not store. */
export function urgentCard({ blocks, telephones }: Urgent): HTMLElement {
  const phones = telephones.flatMap((number) => phoneLink(number, T.call(number), "phone"));
  return h(
    "div",
    { class: "bubble card" },
    h("p", { class: "alarm" }, h("strong", {}, T.urgent)),
    ...blocks.map((block) => whole(block, false)),
    ...(phones.length ? [h("p", { class: "phones" }, ...phones)] : []),
  );
}

function whole(block: Block, isOwn: boolean): HTMLElement {
  if (block.look === "heading") return h("h3", {}, block.text);
  return h("p", { class: block.look }, ...(isOwn ? [block.text] : linked(block.text)));
}

function isLong(blocks: Block[]): boolean {
  const text = blocks.filter((block) => block.look === "plain").map((block) => block.text).join("\n");
  return text.split("\n").length > FOLD_LINES || length(text) > FOLD_LENGTH;
}

/** Headings, the first lines and the first sentence below each heading; the rest behind a button. */
function folded(blocks: Block[]): Node[] {
  let lines = 0;
  let size = 0;
  const rests: HTMLElement[] = [];
  const nodes = blocks.map((block, index) => {
    if (block.look === "heading") return whole(block, false);
    const isFirst = !index || blocks[index - 1]?.look === "heading";
    let shown = "";
    let rest = "";
    for (const piece of pieces(block.text)) {
      const fits = lines < SHOWN_LINES && size + length(piece) <= SHOWN_LENGTH;
      if (!rest && (fits || (isFirst && !shown))) {
        shown += piece;
        size += length(piece);
        lines += piece.endsWith("\n") ? 1 : 0;
      } else rest += piece;
    }
    lines += 1;
    const paragraph = h("p", { class: "plain" }, ...linked(shown));
    if (rest) {
      rests.push(h("span", { id: `rest-${uuid()}`, hidden: true }, ...linked(rest)));
      paragraph.append(rests.at(-1)!);
      if (!shown) paragraph.classList.add("bare");
    }
    return paragraph;
  });
  const toggle = button(T.more, "more", () => {
    const isOpen = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(isOpen));
    setText(toggle, isOpen ? T.less : T.more);
    for (const rest of rests) rest.hidden = !isOpen;
  });
  toggle.setAttribute("aria-expanded", "false");
  toggle.setAttribute("aria-controls", rests.map((rest) => rest.id).join(" "));
  return rests.length ? [...nodes, toggle] : nodes;
}

/** Sentences and lines, each with its end. */
const pieces = (text: string): string[] => text.match(/[^。\n]*(?:[。\n]+|$)/g)?.filter(Boolean) ?? [];

function feedback(entry: Entry, actions: EntryActions): HTMLElement {
  const said = h("span", { class: "said" });
  const choices = [true, false].map((helpful) => {
    const choice = button(helpful ? T.yes : T.no, "choice", () => void give(helpful));
    return { helpful, choice };
  });
  const show = () => {
    for (const { helpful, choice } of choices) choice.setAttribute("aria-pressed", String(entry.helpful === helpful));
    setText(said, entry.helpful === null ? "" : T.thanks);
  };
  const give = async (helpful: boolean) => {
    try {
      await actions.rate(entry, helpful);
      show();
    } catch {
      setText(said, T.feedbackFailed);
    }
    actions.announce(said.textContent ?? "");
  };
  show();
  const group = h("div", { class: "feedback", role: "group", "aria-label": T.helpful }, h("span", {}, T.helpful));
  group.append(...choices.map(({ choice }) => choice), said);
  return group;
}
