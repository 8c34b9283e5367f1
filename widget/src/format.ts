// Pure helpers: text, time and ids.

const ZONE = "Asia/Tokyo";
const TIME = new Intl.DateTimeFormat("ja-JP", { timeZone: ZONE, hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("ja-JP", { timeZone: ZONE, month: "long", day: "numeric", weekday: "short" });
const STAMP = new Intl.DateTimeFormat("ja-JP", { timeZone: ZONE, dateStyle: "medium", timeStyle: "short" });
const DATE = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });

export const clock = (at: string): string => TIME.format(new Date(at));
export const day = (at: string): string => DAY.format(new Date(at));
export const stamp = (at: string): string => STAMP.format(new Date(at));
export const isoDay = (date: Date): string => DATE.format(date);

/** Length in code points, as the desk counts. */
export const length = (text: string): number => [...text].length;

/** Text as it is sent: no control characters but newline and tab, no half characters, no white space around. */
export function clean(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/gu, "")
    .trim();
}

/** The first `most` code points, ending with `ending` when something was cut. */
export function shorten(text: string, most: number, ending: string): string {
  const points = [...text];
  return points.length <= most ? text : points.slice(0, most).join("") + ending;
}

/** A random UUID (version 4), also on pages without https. */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
