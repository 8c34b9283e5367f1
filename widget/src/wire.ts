// What crosses the wire between the widget and the desk.

export type Author = "patient" | "bot" | "staff" | "doctor" | "desk";

export interface Block {
  look: "heading" | "plain" | "small";
  text: string;
}

export interface Button {
  title: string;
  payload: string;
}

export interface Entry {
  /** Strictly increasing, with gaps. */
  place: number;
  author: Author;
  /** ISO time with offset. */
  at: string;
  /** The id this widget gave a patient's message. */
  id: string | null;
  text: string;
  blocks: Block[];
  urgent: boolean;
  telephones: string[];
  buttons: Button[];
  answer: boolean;
  helpful: boolean | null;
}

export interface State {
  mode: "bot" | "human" | "closing";
  waiting: boolean;
  /** Place up to which a person has read. */
  read: number;
  /** ISO time of the next opening while the clinic is closed. */
  opens_at: string | null;
  /** Place of the emergency guidance still in force. */
  urgent: number | null;
}

/** What is said at once to an emergency that the desk could not store. */
export interface Urgent {
  blocks: Block[];
  telephones: string[];
}

export interface About {
  name: string;
  clinic: string;
  phone: string;
  hours: string;
  demo: boolean;
  notice: string;
  max_length: number;
}

export interface Page {
  entries: Entry[];
  /** Null once the session is over. */
  state: State | null;
  more: boolean;
}

/** The payload that asks for a person; the desk always takes it. */
export const PERSON = "person:";
