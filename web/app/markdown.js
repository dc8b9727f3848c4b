/**
 * The small Markdown of messages, as a plain tree: bold, italic, code, lists,
 * quotes, links, tables, mentions. What isn't one of these looks as it was
 * written, with its line breaks; there are no escapes, so that no backslash of a
 * path goes missing. It takes time in proportion to the text, whatever is in it.
 *
 * This room's talk is of numbers. What looks like one stays one: `1*2*3`,
 * `5_000_000`, `> 5 %`, `+ 3`, `01. x` are no markup.
 * @module
 */

/**
 * @typedef {{type: "text", text: string}
 *   | {type: "code", text: string}
 *   | {type: "bold" | "italic", spans: Span[]}
 *   | {type: "link", href: string, host: string, spans: Span[]}
 *   | {type: "mention", name: string, text: string}} Span
 * `host` is where a link leads, where that isn't what it says; a text may have line breaks.
 */

/**
 * @typedef {{type: "paragraph", spans: Span[]}
 *   | {type: "quote", blocks: Block[]}
 *   | {type: "code", language: string, text: string}
 *   | List
 *   | {type: "table", align: Align[], head: Span[][], rows: Span[][][]}} Block
 */

/** @typedef {{type: "list", sign: string, items: Item[]}} List sign: "-", "*", or "1" for numbers */
/** @typedef {{number: number, spans: Span[], lists: List[]}} Item */
/** @typedef {"" | "start" | "center" | "end"} Align */
/** Whether this is the name of somebody who can be meant. @typedef {(name: string) => boolean} Knows */

/** Quotes in quotes and lists in lists, so deep and no deeper. */
const DEEPEST = 6;
const MOST_COLUMNS = 256;
/** Longer than this is no address that anybody means. */
const LONGEST_ADDRESS = 2048;
const PROTOCOLS = ["http:", "https:", "mailto:"];

/**
 * @param {string} text
 * @param {Knows} [knows]
 * @returns {Block[]}
 */
export function parse(text, knows = () => false) {
  return blocks(text.split(/\r\n|\n/), knows, 0);
}

/**
 * The text alone, as one reads it.
 * @param {readonly Block[]} tree
 * @returns {string}
 */
export function plainText(tree) {
  return tree.map(plainBlock).join("\n");
}

/**
 * Those who are meant by name.
 * @param {string} text
 * @param {Knows} knows
 * @returns {Set<string>}
 */
export function mentions(text, knows) {
  /** @type {Set<string>} */
  const names = new Set();
  if (text.includes("@")) for (const block of parse(text, knows)) gather(block, names);
  return names;
}

/**
 * The beginning of a tree, of about so many lines and characters.
 * @param {readonly Block[]} tree
 * @param {{lines: number, characters: number}} most
 * @returns {Block[]}
 */
export function beginning(tree, most) {
  return shortened(tree, { ...most });
}

/** @param {Block} block @returns {string} */
function plainBlock(block) {
  switch (block.type) {
    case "paragraph":
      return plainSpans(block.spans);
    case "quote":
      return plainText(block.blocks);
    case "code":
      return block.language ? `${block.language}\n${block.text}` : block.text;
    case "list":
      return block.items
        .map(({ number, spans, lists }) => [`${block.sign === "1" ? `${number}.` : "–"} ${plainSpans(spans)}`, ...lists.map(plainBlock)].join("\n"))
        .join("\n");
    case "table":
      return [block.head, ...block.rows].map((row) => row.map(plainSpans).join("\t")).join("\n");
  }
}

/** @param {readonly Span[]} spans @returns {string} */
function plainSpans(spans) {
  return spans.map((span) => ("spans" in span ? plainSpans(span.spans) : span.text)).join("");
}

/**
 * @param {Block} block
 * @param {Set<string>} names
 */
function gather(block, names) {
  const look = (/** @type {readonly Span[]} */ spans) => {
    for (const span of spans) {
      if (span.type === "mention") names.add(span.name);
      else if ("spans" in span) look(span.spans);
    }
  };
  if (block.type === "paragraph") look(block.spans);
  // What is quoted was said by somebody else.
  else if (block.type === "table") for (const row of [block.head, ...block.rows]) row.forEach(look);
  else if (block.type === "list") {
    for (const item of block.items) {
      look(item.spans);
      for (const list of item.lists) gather(list, names);
    }
  }
}

/*
 * Blocks: what a line begins.
 */

/** What a line begins with that begins one, but for a table. */
const BEGINS = /^[ \t]*([`>*•0-9-])/;
const FENCE = /^ {0,3}(`{3,})[ \t]*([\p{L}\p{N}+#.-]{0,24})$/u;
const FENCE_END = /^ {0,3}(`{3,})$/;
const QUOTE_BEGINS = /^ {0,3}>[> ]* \S/;
const QUOTE_GOES_ON = /^ {0,3}>(?![-+±−]?\p{N})/u;
/** More than five percent isn't somebody's word. */
const COMPARISON = /^ {0,3}> +[-+±−~≈]?[€$£¥]? ?\p{N}/u;
const ITEM = /^([ \t]*)(?:([-*•])|(0|[1-9][0-9]{0,8})\.)[ \t]+(\S[^]*)$/;

/**
 * @param {readonly string[]} lines
 * @param {Knows} knows
 * @param {number} depth
 * @returns {Block[]}
 */
function blocks(lines, knows, depth) {
  /** @type {Block[]} */
  const found = [];
  /** @type {string[]} */
  let plain = [];
  const endings = fenceEnds(lines);
  let at = 0;

  /** @param {boolean} alone whether it is all there is */
  const flush = (alone) => {
    let [from, to] = [0, plain.length];
    // The space around a block is its own.
    if (found.length > 0) while (from < to && isBlank(plain[from])) from++;
    if (!alone) while (from < to && isBlank(plain[to - 1])) to--;
    if (from < to) found.push({ type: "paragraph", spans: spansOf(plain.slice(from, to), knows) });
    plain = [];
  };

  while (at < lines.length) {
    const block = blockAt(lines, at, endings, knows, depth);
    if (block) {
      flush(false);
      found.push(block.block);
      at = block.next;
    } else plain.push(lines[at++]);
  }
  flush(found.length === 0);
  return found;
}

/**
 * @param {readonly string[]} lines
 * @param {number} at
 * @param {readonly number[] | null} endings
 * @param {Knows} knows
 * @param {number} depth
 * @returns {{block: Block, next: number} | null}
 */
function blockAt(lines, at, endings, knows, depth) {
  const begun = BEGINS.exec(lines[at])?.[1];
  const block = begun === "`" && endings ? code(lines, at, endings) : begun === ">" ? quote(lines, at, knows, depth) : null;
  return block ?? table(lines, at, knows) ?? (begun ? list(lines, at, knows) : null);
}

/** @param {string} line */
function isBlank(line) {
  return line.trim() === "";
}

/**
 * Of each line, the length of the longest fence that ends there or later. What
 * isn't ended was not begun.
 * @param {readonly string[]} lines
 * @returns {number[] | null} null where there is none
 */
function fenceEnds(lines) {
  if (!lines.some((line) => line.includes("```"))) return null;
  const longest = new Array(lines.length + 1).fill(0);
  for (let at = lines.length - 1; at >= 0; at--) longest[at] = Math.max(longest[at + 1], FENCE_END.exec(lines[at].trimEnd())?.[1].length ?? 0);
  return longest;
}

/**
 * @param {readonly string[]} lines
 * @param {number} at
 * @param {readonly number[]} endings
 * @returns {{block: Block, next: number} | null}
 */
function code(lines, at, endings) {
  const begun = FENCE.exec(lines[at].trimEnd());
  if (!begun || endings[at + 1] < begun[1].length) return null;
  let end = at + 1;
  while ((FENCE_END.exec(lines[end].trimEnd())?.[1].length ?? 0) < begun[1].length) end++;
  return { block: { type: "code", language: begun[2], text: lines.slice(at + 1, end).join("\n") }, next: end + 1 };
}

/**
 * @param {readonly string[]} lines
 * @param {number} at
 * @param {Knows} knows
 * @param {number} depth
 * @returns {{block: Block, next: number} | null}
 */
function quote(lines, at, knows, depth) {
  if (depth >= DEEPEST || !QUOTE_BEGINS.test(lines[at]) || COMPARISON.test(lines[at])) return null;
  let end = at;
  while (end < lines.length && QUOTE_GOES_ON.test(lines[end])) end++;
  const said = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return { block: { type: "quote", blocks: blocks(said, knows, depth + 1) }, next: end };
}

/**
 * @param {readonly string[]} lines
 * @param {number} at
 * @param {Knows} knows
 * @returns {{block: Block, next: number} | null}
 */
function table(lines, at, knows) {
  const line = lines[at + 1];
  if (line === undefined || !lines[at].includes("|") || !line.includes("|") || !/^[-:| \t]+$/.test(line)) return null;
  const marks = cells(line);
  const head = cells(lines[at]);
  if (head.length !== marks.length || head.length > MOST_COLUMNS || !marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  const align = marks.map((mark) => {
    const [left, right] = [mark.startsWith(":"), mark.endsWith(":")];
    return left && right ? "center" : right ? "end" : left ? "start" : "";
  });
  const spans = (/** @type {string[]} */ row) => row.map((cell) => spansOf([cell], knows));
  const rows = [];
  let end = at + 2;
  for (; end < lines.length && lines[end].includes("|"); end++) {
    const row = cells(lines[end]);
    if (row.length > MOST_COLUMNS) break;
    rows.push(spans(row));
  }
  return { block: { type: "table", align, head: spans(head), rows }, next: end };
}

/**
 * The cells of a table's row; `\|` is no border.
 * @param {string} line
 */
function cells(line) {
  const row = line.includes("\\|") ? line.trim().split(/(?<!\\)\|/) : line.trim().split("|");
  if (row[0] === "") row.shift();
  if (row.length > 0 && row[row.length - 1] === "") row.pop();
  return row.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/**
 * @param {readonly string[]} lines
 * @param {number} at
 * @param {Knows} knows
 * @returns {{block: Block, next: number} | null}
 */
function list(lines, at, knows) {
  const first = itemOf(lines[at]);
  if (!first || first.indent > 3) return null;
  /** @type {List} */
  const root = { type: "list", sign: first.sign, items: [] };
  /** The lists that are open, each in the last item of the one before. */
  const open = [{ list: root, indent: first.indent }];
  let next = at;
  for (let line = at; line < lines.length; line++) {
    if (isBlank(lines[line])) continue;
    const found = itemOf(lines[line]);
    if (found) {
      while (open.length > 1 && found.indent < open[open.length - 1].indent) open.pop();
      let { list, indent } = open[open.length - 1];
      const last = list.items.at(-1);
      if (last && found.indent >= indent + 2 && open.length < DEEPEST) {
        list = { type: "list", sign: found.sign, items: [] };
        last.lists.push(list);
        open.push({ list, indent: found.indent });
      } else if (list.sign !== found.sign) {
        if (open.length === 1) break;
        list = { type: "list", sign: found.sign, items: [] };
        open.pop();
        open[open.length - 1].list.items.at(-1)?.lists.push(list);
        open.push({ list, indent: found.indent });
      }
      list.items.push({ number: found.number, spans: spansOf([found.text], knows), lists: [] });
    } else {
      // What is indented goes on.
      if (!/^(?: {2}|\t)/.test(lines[line]) || line > next) break;
      open[open.length - 1].list.items.at(-1)?.spans.push(...spansOf(["", lines[line].trim()], knows));
    }
    next = line + 1;
  }
  return { block: root, next };
}

/** @param {string} line */
function itemOf(line) {
  const match = ITEM.exec(line);
  if (!match) return null;
  const [, space, bullet, number, text] = match;
  const sign = number !== undefined ? "1" : bullet === "-" ? "-" : "*";
  return { sign, number: Number(number ?? 0), text, indent: space.replaceAll("\t", "    ").length };
}

/*
 * Spans: what stands in a line. None goes on in the next.
 */

/** @typedef {{type: "mark", mark: string, opens: boolean, closes: boolean}} Mark */

const SPECIAL = /`+|\*+|_+|\[|\]\(|@|https?:\/\/|mailto:/gi;
/** The same while one is in use. */
const SPECIAL_IN_LINK = new RegExp(SPECIAL);
const MAY_BE_SPECIAL = /[`*_[@]|:/;
const MARKS = ["*", "**", "***", "_"];
/** What may stand before what is marked, and after it; and what it doesn't begin or end with. */
const BEFORE = /[\s([{"'„“”‚‘’«»‹›—–*_-]/;
const AFTER = /[\s)\]}"'„“”‚‘’«»‹›—–.,;:!?…*_-]/;
const NO_BEGINNING = /[\s)\]},.;:!?]/;
const NO_END = /[\s([{]/;
const NAME = /[a-z0-9][a-z0-9._-]{0,31}/iy;
/** Of an address, with nothing in it that changes how it reads. */
const NOT_IN_ADDRESS = String.raw`\s<>"\x60\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff`;
const ADDRESS = new RegExp(String.raw`(?:[^\]${NOT_IN_ADDRESS}]|\](?!\())+`, "y");
const ADDRESS_IN_LINK = new RegExp(String.raw`[^[\]()${NOT_IN_ADDRESS}]*(?:\([^[\]()${NOT_IN_ADDRESS}]*\)[^[\]()${NOT_IN_ADDRESS}]*)*`, "y");

/**
 * @param {readonly string[]} lines
 * @param {Knows} knows
 * @returns {Span[]}
 */
function spansOf(lines, knows) {
  /** @type {Span[]} */
  const spans = [];
  for (const [index, line] of lines.entries()) {
    if (index > 0) write(spans, "\n");
    if (!MAY_BE_SPECIAL.test(line)) write(spans, line);
    else for (const span of inline(line, knows, true)) {
      if (span.type === "text") write(spans, span.text);
      else spans.push(span);
    }
  }
  return spans;
}

/**
 * Adds text to spans, in one piece with what text stands there.
 * @param {(Span | Mark)[]} spans
 * @param {string} text
 */
function write(spans, text) {
  const last = spans[spans.length - 1];
  if (last?.type === "text") last.text += text;
  else if (text) spans.push({ type: "text", text });
}

/**
 * @param {string} line
 * @param {Knows} knows
 * @param {boolean} links whether there may be some
 * @returns {Span[]}
 */
function inline(line, knows, links) {
  /** @type {(Span | Mark)[]} */
  const found = [];
  const special = links ? SPECIAL : SPECIAL_IN_LINK;
  special.lastIndex = 0;
  const ticks = tickRuns(line);
  /** The last bracket that was opened, and what was found before it. */
  let bracket = { at: -1, found: 0, text: 0 };
  let written = 0;
  const upTo = (/** @type {number} */ at) => {
    write(found, line.slice(written, at));
    written = at;
  };
  /**
   * @param {number} at
   * @param {number} end
   * @param {Span | Mark} span
   */
  const put = (at, end, span) => {
    upTo(at);
    found.push(span);
    written = special.lastIndex = end;
  };

  for (let match = special.exec(line); match; match = special.exec(line)) {
    const [sign] = match;
    const at = match.index;
    const after = at + sign.length;
    if (sign[0] === "`") {
      const end = ticks(sign.length, at);
      if (end >= 0) put(at, end + sign.length, { type: "code", text: unpadded(line.slice(after, end)) });
    } else if (sign === "[") {
      upTo(at);
      const last = found[found.length - 1];
      bracket = { at, found: found.length, text: last?.type === "text" ? last.text.length : -1 };
    } else if (sign === "](") {
      const link = links && bracket.at >= 0 && at > bracket.at + 1 ? linkAt(line, bracket.at + 1, at, knows) : null;
      if (!link) continue;
      // What was found in its text is found once more, in the link.
      found.length = bracket.found;
      const last = found[found.length - 1];
      if (last?.type === "text") last.text = last.text.slice(0, bracket.text);
      found.push(link.span);
      written = special.lastIndex = link.end;
      bracket.at = -1;
    } else if (sign === "@") {
      const mention = at === 0 || /[\s([{"'„“‚‘«»‹›—–*_,;:/-]/.test(line[at - 1]) ? mentionAt(line, at, knows) : null;
      if (mention) put(at, at + mention.text.length, mention);
    } else if (sign[0] === "*" || sign[0] === "_") {
      if (!MARKS.includes(sign)) continue;
      const [before, next] = [line[at - 1] ?? " ", line[after] ?? " "];
      const opens = BEFORE.test(before) && !NO_BEGINNING.test(next);
      const closes = AFTER.test(next) && !NO_END.test(before);
      if (opens || closes) put(at, after, { type: "mark", mark: sign, opens, closes });
    } else if (links && !/[\p{L}\p{N}]/u.test(line[at - 1] ?? " ")) {
      const { run, text, url } = addressAt(line, at);
      if (url) put(at, at + text.length, linkTo(url, text, [{ type: "text", text }]));
      else special.lastIndex = at + run.length;
    }
  }
  upTo(line.length);
  return paired(found);
}

/**
 * Finds, for a run of so many backticks, the next one of the same length.
 * @param {string} line
 * @returns {(length: number, after: number) => number} -1 for none; asked from left to right
 */
function tickRuns(line) {
  /** @type {Map<number, number[]>} */
  const runs = new Map();
  if (line.includes("`")) {
    for (const { 0: run, index } of line.matchAll(/`+/g)) {
      const places = runs.get(run.length);
      if (places) places.push(index);
      else runs.set(run.length, [index]);
    }
    for (const places of runs.values()) places.reverse();
  }
  return (length, after) => {
    const places = runs.get(length) ?? [];
    while (places.length > 0 && places[places.length - 1] <= after) places.pop();
    return places.at(-1) ?? -1;
  };
}

/**
 * Without the one space that keeps a backtick from those around it.
 * @param {string} text
 */
function unpadded(text) {
  return text.startsWith(" ") && text.endsWith(" ") && text.trim() !== "" ? text.slice(1, -1) : text;
}

/**
 * @param {string} line
 * @param {number} from where its text begins
 * @param {number} to where it ends
 * @param {Knows} knows
 * @returns {{span: Span, end: number} | null}
 */
function linkAt(line, from, to, knows) {
  ADDRESS_IN_LINK.lastIndex = to + 2;
  const address = ADDRESS_IN_LINK.exec(line)?.[0] ?? "";
  const end = to + 2 + address.length;
  const url = line[end] === ")" ? urlOf(address) : null;
  if (!url) return null;
  const text = line.slice(from, to);
  if (text.trim() === "") return null;
  return { span: linkTo(url, text, inline(text, knows, false)), end: end + 1 };
}

/**
 * An address that stands by itself; what ends the sentence isn't part of it.
 * @param {string} line
 * @param {number} at
 * @returns {{run: string, text: string, url: URL | null}} run: all that could belong to it
 */
function addressAt(line, at) {
  ADDRESS.lastIndex = at;
  const run = ADDRESS.exec(line)?.[0] ?? "";
  if (run.length > LONGEST_ADDRESS) return { run, text: run, url: null };
  let [opened, closed] = [count(run, "("), count(run, ")")];
  let end = run.length;
  for (; end > 0; end--) {
    const last = run[end - 1];
    if (last === ")" && closed-- <= opened) break;
    if (!/[.,;:!?'"„“”‚‘’«»‹›*_|\])}…]/.test(last)) break;
  }
  const text = run.slice(0, end);
  return { run, text, url: urlOf(text) };
}

/**
 * @param {string} text
 * @param {string} character
 */
function count(text, character) {
  return text.split(character).length - 1;
}

/**
 * @param {string} address
 * @returns {URL | null} null for what isn't to be followed
 */
function urlOf(address) {
  if (address.length > LONGEST_ADDRESS || !/^(?:https?:\/\/[^/?#]|mailto:[^\s])/i.test(address)) return null;
  const url = URL.canParse(address) ? new URL(address) : null;
  return url && PROTOCOLS.includes(url.protocol) && (url.host || url.protocol === "mailto:") ? url : null;
}

/**
 * @param {URL} url
 * @param {string} text what it says
 * @param {Span[]} spans the same
 * @returns {Span}
 */
function linkTo(url, text, spans) {
  const host = url.protocol === "mailto:" ? url.pathname : url.host;
  const said = text.trim().toLowerCase();
  const honest = url.protocol === "mailto:" ? said.replace(/^mailto:/, "").split("?")[0] === host.toLowerCase() : !url.username && !url.password && isAt(said, host);
  return { type: "link", href: url.href, host: honest ? "" : host, spans };
}

/**
 * Whether a text is an address at this host, as anybody reads it.
 * @param {string} said
 * @param {string} host
 */
function isAt(said, host) {
  const address = said.replace(/^https?:\/\//, "");
  return address.startsWith(host) && /^(?:[/?#]\S*)?$/.test(address.slice(host.length));
}

/**
 * @param {string} line
 * @param {number} at where the @ stands
 * @param {Knows} knows
 * @returns {Extract<Span, {type: "mention"}> | null}
 */
function mentionAt(line, at, knows) {
  NAME.lastIndex = at + 1;
  let name = NAME.exec(line)?.[0] ?? "";
  if (/[\p{L}\p{N}@]/u.test(line[at + 1 + name.length] ?? " ")) return null;
  // What ends the sentence may be part of a name, too.
  for (; name; name = name.slice(0, -1)) {
    if (knows(name.toLowerCase())) return { type: "mention", name: name.toLowerCase(), text: `@${name}` };
    if (!/[._-]$/.test(name)) break;
  }
  return null;
}

/**
 * Has marks that belong together hold what is between them; the others are
 * what they look like.
 * @param {(Span | Mark)[]} found
 * @returns {Span[]}
 */
function paired(found) {
  if (!found.some((span) => span.type === "mark")) return /** @type {Span[]} */ (found);
  /** Of each kind of mark the last that was opened. @type {Map<string, number>} */
  const open = new Map();
  /** @type {Map<number, number>} */
  const ends = new Map();
  /** @param {string} mark @param {number} at */
  const close = (mark, at) => {
    const begin = open.get(mark);
    if (begin === undefined) return false;
    for (const [other, where] of open) if (where >= begin) open.delete(other);
    ends.set(begin, at);
    return true;
  };
  for (const [at, span] of found.entries()) {
    if (span.type !== "mark") continue;
    if (span.closes && close(span.mark, at)) continue;
    if (span.opens) open.set(span.mark, at);
  }
  return nested(found, 0, found.length, ends);
}

/**
 * @param {readonly (Span | Mark)[]} found
 * @param {number} from
 * @param {number} to
 * @param {ReadonlyMap<number, number>} ends
 * @returns {Span[]}
 */
function nested(found, from, to, ends) {
  /** @type {Span[]} */
  const spans = [];
  for (let at = from; at < to; at++) {
    const span = found[at];
    const end = ends.get(at);
    if (span.type !== "mark") {
      if (span.type === "text") write(spans, span.text);
      else spans.push(span);
    } else if (end === undefined) write(spans, span.mark);
    else {
      const inside = nested(found, at + 1, end, ends);
      if (span.mark === "***") spans.push({ type: "bold", spans: [{ type: "italic", spans: inside }] });
      else spans.push({ type: span.mark === "**" ? "bold" : "italic", spans: inside });
      at = end;
    }
  }
  return spans;
}

/*
 * The beginning of what is long.
 */

/** @typedef {{lines: number, characters: number}} Budget what is left; it is spent */

/** @param {Budget} left */
function isSpent({ lines, characters }) {
  return lines <= 0 || characters <= 0;
}

/**
 * @param {readonly Block[]} tree
 * @param {Budget} left
 * @returns {Block[]}
 */
function shortened(tree, left) {
  /** @type {Block[]} */
  const kept = [];
  for (const block of tree) {
    if (isSpent(left)) break;
    kept.push(shortBlock(block, left));
  }
  return kept;
}

/**
 * @param {Block} block
 * @param {Budget} left
 * @returns {Block}
 */
function shortBlock(block, left) {
  switch (block.type) {
    case "paragraph":
      return { ...block, spans: shortSpans(block.spans, left) };
    case "quote":
      return { ...block, blocks: shortened(block.blocks, left) };
    case "code":
      return { ...block, text: shortText(block.text, left, 1) };
    case "list":
      return shortList(block, left);
    case "table": {
      const short = (/** @type {Span[][]} */ row) => row.map((cell) => shortSpans(cell, left, 0));
      const rows = [block.head, ...block.rows].flatMap((row) => (left.lines-- > 0 && left.characters > 0 ? [short(row)] : []));
      return { ...block, head: rows[0] ?? [], rows: rows.slice(1) };
    }
  }
}

/**
 * @param {List} list
 * @param {Budget} left
 * @returns {List}
 */
function shortList(list, left) {
  /** @type {Item[]} */
  const items = [];
  for (const item of list.items) {
    if (isSpent(left)) break;
    const spans = shortSpans(item.spans, left);
    items.push({ ...item, spans, lists: item.lists.flatMap((inner) => (isSpent(left) ? [] : [shortList(inner, left)])) });
  }
  return { ...list, items };
}

/**
 * @param {readonly Span[]} spans
 * @param {Budget} left
 * @param {number} [lines] that they begin
 * @returns {Span[]}
 */
function shortSpans(spans, left, lines = 1) {
  left.lines -= lines;
  /** @type {Span[]} */
  const kept = [];
  for (const span of spans) {
    if (left.characters <= 0 || left.lines < 0) break;
    if ("spans" in span) kept.push({ ...span, spans: shortSpans(span.spans, left, 0) });
    else kept.push({ ...span, text: shortText(span.text, left, 0) });
  }
  return kept;
}

/**
 * @param {string} text
 * @param {Budget} left
 * @param {number} lines that it begins
 */
function shortText(text, left, lines) {
  left.lines -= lines;
  let end = Math.min(text.length, left.characters);
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) {
    if (left.lines-- <= 0) end = at;
  }
  left.characters -= end;
  return end < text.length ? text.slice(0, between(text, end)) : text;
}

/**
 * The place at or before this one where no character is cut in two.
 * @param {string} text
 * @param {number} at
 */
function between(text, at) {
  const joins = /[\p{M}\u200d\udc00-\udfff]/u;
  let place = at;
  while (place > 0 && at - place < 64 && (joins.test(text[place] ?? " ") || /[\u200d\ud800-\udbff]/.test(text[place - 1]))) place--;
  return place;
}
