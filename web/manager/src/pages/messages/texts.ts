/** The texts that members get, as the programme's document has them. */

export type Message = { subject: string; text: string; sms?: string | null };
export type Messages = Record<string, Record<string, Message>>;

const WORD = /\{([^{}]*)\}/g;

/** The text in pieces: what stands there, and what was filled in. A word that is not known stays as it is. */
export function filled(text: string, words: Readonly<Record<string, string>>): { text: string; word: boolean }[] {
  const pieces: { text: string; word: boolean }[] = [];
  let at = 0;
  for (const found of text.matchAll(WORD)) {
    pieces.push({ text: text.slice(at, found.index), word: false });
    const value = words[found[1]!];
    pieces.push({ text: value ?? found[0], word: value !== undefined });
    at = found.index + found[0].length;
  }
  pieces.push({ text: text.slice(at), word: false });
  return pieces.filter(({ text: piece }) => piece);
}

/** What is wrong with a text before anybody saves it. */
export function wrongWith(text: string, words: Readonly<Record<string, string>>): string {
  const unknown = [...text.matchAll(WORD)].map((found) => found[1]!).filter((word) => !(word in words));
  if (unknown.length) return `{${unknown[0]}} is not known here.`;
  return /[{}]/.test(text.replaceAll(WORD, "")) ? "A brace stands alone." : "";
}

const GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

/** As how many messages an SMS is charged. */
export function smsParts(text: string): number {
  const letters = [...text];
  if (letters.every((letter) => GSM.includes(letter) || EXTENDED.includes(letter))) {
    const length = letters.reduce((sum, letter) => sum + (EXTENDED.includes(letter) ? 2 : 1), 0);
    return length <= 160 ? 1 : Math.ceil(length / 153);
  }
  return text.length <= 70 ? 1 : Math.ceil(text.length / 67);
}
