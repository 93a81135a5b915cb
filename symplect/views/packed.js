/** Text that Python compressed and wrote in base 85, as `views/packing.py` does. */

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";
const DIGITS = new Uint8Array(128);
[...LETTERS].forEach((letter, digit) => (DIGITS[letter.charCodeAt(0)] = digit));

/** Returns the text that an element of the page holds. */
export async function unpacked(id) {
  if (!globalThis.DecompressionStream) {
    throw new Error("this browser is too old: open the page in Chrome 80, Firefox 113, Safari 16.4 or a later one");
  }
  const { textContent } = document.getElementById(id);
  const first = textContent.indexOf(" ") + 1;
  const bytes = new DataView(new ArrayBuffer(4 * Math.ceil((textContent.length - first) / 5)));
  for (let at = first, to = 0; at < textContent.length; to += 4) {
    let word = 0;
    for (let digit = 0; digit < 5; digit++, at++) word = 85 * word + DIGITS[textContent.charCodeAt(at)];
    bytes.setUint32(to, word);
  }
  const content = new Blob([bytes.buffer.slice(0, Number.parseInt(textContent, 10))]);
  return new Response(content.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
