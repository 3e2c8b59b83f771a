// A name from outside as a JSON string whose every character is seen: control, bidirectional and invisible ones are
// escaped, so that it can be shown on one line and be written back as it is.

const UNSEEN =
  /[\p{Cc}\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

export function quoteName(text: string): string {
  return JSON.stringify(text).replace(UNSEEN, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** The name as it is where nothing in it could mislead, else quoted. */
export function showName(text: string): string {
  return /^[\w./@+,=-]+$/.test(text) ? text : quoteName(text);
}
