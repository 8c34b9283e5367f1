// The conversation for the patient's own files or on paper.
import { h } from "./dom";
import { isoDay, stamp } from "./format";
import { SENDERS, T } from "./texts";
import type { About, Entry } from "./wire";

/** Starts the download of a text file. */
export function save(about: About, entries: Entry[]): void {
  const parts = entries.map((entry) => `[${heading(entry)}]\n${entry.text}\n`);
  const text = [T.recordTitle(about.clinic), T.noDiagnosis, "", ...parts].join("\n");
  const file = new Blob([text], { type: "text/plain;charset=utf-8" });
  offer(file, T.fileName(about.clinic, isoDay(new Date())));
}

/** Starts the download of the desk's own record. */
export function hand(clinic: string, form: string, file: Blob): void {
  offer(file, T.recordName(clinic, isoDay(new Date()), form));
}

/** Opens a page for printing. Returns false when the browser does not let it. */
export function print(about: About, entries: Entry[]): boolean {
  const page = open("", "_blank");
  if (!page) return false;
  const { document } = page;
  document.title = T.recordTitle(about.clinic);
  document.documentElement.lang = "ja";
  const parts = entries.flatMap((entry) => [
    h("h2", {}, heading(entry)),
    ...entry.text.split("\n").map((line) => h("p", {}, line)),
  ]);
  document.body.replaceChildren(
    h("h1", {}, T.recordTitle(about.clinic)),
    h("p", {}, T.noDiagnosis),
    ...parts,
    h("p", { class: "screen" }, T.printed),
  );
  const sheet = new (page as Window & typeof globalThis).CSSStyleSheet();
  sheet.replaceSync(
    "body{font:11pt/1.7 sans-serif;max-width:40em;margin:1em auto;padding:0 1em;overflow-wrap:anywhere}" +
      "h1{font-size:14pt}h2{font-size:10pt;margin:1.2em 0 0;break-after:avoid}p{margin:0}" +
      ".screen{margin-top:2em;font-weight:bold}@media print{.screen{display:none}}",
  );
  document.adoptedStyleSheets = [sheet];
  page.setTimeout(() => page.print(), 100);
  return true;
}

function offer(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const heading = ({ at, author, urgent }: Entry): string =>
  `${stamp(at)} ${SENDERS[author]}${urgent ? `（${T.urgent}）` : ""}`;
