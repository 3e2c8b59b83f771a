// Text that arrives in pieces may break inside a character; a terminal must not see the halves.

/** Keeps a surrogate pair together when it is split between two pieces. */
export function createPairs(): (text: string) => string {
  let held = "";
  return (text) => {
    const whole = held + text;
    const last = whole.charCodeAt(whole.length - 1);
    held = last >= 0xd800 && last <= 0xdbff ? whole.slice(-1) : "";
    return held === "" ? whole : whole.slice(0, -1);
  };
}
