import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, mentions, parse, plainText } from "../app/markdown.js";

const people = (name) => ["anna", "jan_de_vries", "bert.", "o-neill"].includes(name);

/** A tree as short as it can be written. */
function short(tree) {
  return tree.map(shortBlock).join(" ");
}

function shortBlock(block) {
  switch (block.type) {
    case "paragraph":
      return spans(block.spans);
    case "quote":
      return `Q(${short(block.blocks)})`;
    case "code":
      return `C${block.language && `:${block.language}`}(${block.text})`;
    case "list":
      return `L${block.sign}(${block.items.map((item) => [block.sign === "1" ? `${item.number}=` : "", spans(item.spans), ...item.lists.map((list) => ` ${shortBlock(list)}`)].join("")).join("; ")})`;
    case "table":
      return `T${block.align.map((side) => side[0] ?? "-").join("")}(${[block.head, ...block.rows].map((row) => row.map(spans).join(",")).join("; ")})`;
  }
}

function spans(all) {
  return all
    .map((span) => {
      if (span.type === "text") return span.text;
      if (span.type === "code") return `c(${span.text})`;
      if (span.type === "mention") return `@(${span.name})`;
      if (span.type === "link") return `a(${spans(span.spans)}=${span.href}${span.host && `!${span.host}`})`;
      return `${span.type[0]}(${spans(span.spans)})`;
    })
    .join("");
}

function are(table) {
  for (const [text, tree] of table) assert.equal(short(parse(text, people)), tree, text);
}

/** These look as they were written. */
function plain(...texts) {
  for (const text of texts) assert.deepEqual(parse(text, people), [{ type: "paragraph", spans: [{ type: "text", text }] }], text);
}

test("bold, italic and code are marked, in each other too", () => {
  are([
    ["**fett** und *kursiv* und _auch_", "b(fett) und i(kursiv) und i(auch)"],
    ["`a*b*c` und ``mit ` darin`` und `` `x` ``", "c(a*b*c) und c(mit ` darin) und c(`x`)"],
    ["**fett und *beides* darin**", "b(fett und i(beides) darin)"],
    ["***beides***", "b(i(beides))"],
    ["(*so*), „**so**“: *so*.", "(i(so)), „b(so)“: i(so)."],
    ["*a _b* c_", "i(a _b) c_"],
    ["*eins *zwei*", "*eins i(zwei)"],
  ]);
});

test("numbers, names and signs stay what they are", () => {
  plain(
    "1*2*3",
    "2**10**3",
    "5 * 3 * 2",
    "$5_000_000",
    "5_000_000 und 6_000_000",
    "snake_case und noch_ein_name",
    "_privat und __init__",
    "~ 5 %, ~~ und ~/x",
    ">5%",
    "> 5 %",
    "> -5 % und mehr",
    "> €5 Mio",
    ">= 3",
    "<5%>",
    "+ 5 Mio",
    "01. Oktober",
    "1) erstens",
    "a) erstens",
    "-5 %",
    "- ",
    "-",
    "---",
    "***",
    "****1234 und ****5678",
    "**1234 und **5678",
    "Preis*) und Menge*)",
    "COUNT(*) und SUM(*)",
    "SELECT * FROM a WHERE *",
    "\\\\server\\freigabe\\*\\_x_",
    "C:\\_archiv\\*.*",
    "# kein Titel",
    "a | b",
    "a | b\nc | d",
    "|---|",
    "[1] und [2]",
    "x[0](1)y z",
    "f(x)[a](b)",
    "`nicht zu",
    "```\nnicht zu",
    "@niemand und a@anna.de",
    "12:30 Uhr",
    "  eingerückt\n\n\n   und mit Leerzeilen\t\n",
  );
});

test("line breaks and spaces are kept", () => {
  are([
    ["eins\nzwei\n\ndrei", "eins\nzwei\n\ndrei"],
    ["*nicht\nüber Zeilen*", "*nicht\nüber Zeilen*"],
    ["a\r\nb", "a\nb"],
  ]);
});

test("lists have items, the numbers that were written, and lists in them", () => {
  are([
    ["- eins\n- zwei", "L-(eins; zwei)"],
    ["* eins\n* zwei\n  noch zwei", "L*(eins; zwei\nnoch zwei)"],
    ["3. drei\n5. fünf", "L1(3=drei; 5=fünf)"],
    ["1. Oktober", "L1(1=Oktober)"],
    ["- a\n  - b\n    - c\n- d", "L-(a L-(b L-(c)); d)"],
    ["1. a\n   - b\n   - c\n2. d", "L1(1=a L-(b; c); 2=d)"],
    ["- a\n\n- b\n\nText", "L-(a; b) Text"],
    ["Vorher\n- a\nNachher", "Vorher L-(a) Nachher"],
    ["- a\n1. b", "L-(a) L1(1=b)"],
    ["- **a** @anna", "L-(b(a) @(anna))"],
  ]);
});

test("quotes are somebody's words, comparisons aren't", () => {
  are([
    ["> gesagt\n> getan\nAntwort", "Q(gesagt\ngetan) Antwort"],
    ["> a\n>> b\n>\n> c", "Q(a Q(b)\n\nc)".replace("\n\n", " ")],
    ["> - a\n> - b", "Q(L-(a; b))"],
    ["> Zins?\n> 5 %", "Q(Zins?\n5 %)"],
    ["> Zins?\n>5 %", "Q(Zins?) >5 %"],
  ]);
});

test("code between fences is as it was written", () => {
  are([
    ["```\n*a*\n  b | c\n```", "C(*a*\n  b | c)"],
    ["```sql\nSELECT 1\n```\nso", "C:sql(SELECT 1) so"],
    ["````\n```\n````", "C(```)"],
    ["> ```\n> x\n> ```", "Q(C(x))"],
  ]);
});

test("tables have a head, and lose no cell", () => {
  are([
    ["| a | b |\n|---|--:|\n| 1 | 2 |", "T-e(a,b; 1,2)"],
    ["a|b\n:-:|:--\n1|2|3\n|4\nText", "Tcs(a,b; 1,2,3; 4) Text"],
    ["| a |\n|---|\n| x \\| y |", "T-(a; x | y)"],
    ["|a|b|\n|-|-|\n|*k*|`c`|", "T--(a,b; i(k),c(c))"],
    ["a|b\n---\n1|2", "a|b\n---\n1|2"],
  ]);
});

test("links lead where they may, and say where that is", () => {
  are([
    ["https://bank.de/a_b_c?x=1.", "a(https://bank.de/a_b_c?x=1=https://bank.de/a_b_c?x=1)."],
    ["(siehe http://bank.de/x_(y))", "(siehe a(http://bank.de/x_(y)=http://bank.de/x_(y)))"],
    ["[Vertrag](https://bank.de/v)", "a(Vertrag=https://bank.de/v!bank.de)"],
    ["[bank.de](https://bank.de/v)", "a(bank.de=https://bank.de/v)"],
    ["[https://bank.de](https://evil.example/)", "a(https://bank.de=https://evil.example/!evil.example)"],
    ["https://bank.de@evil.example/x", "a(https://bank.de@evil.example/x=https://bank.de@evil.example/x!evil.example)"],
    ["https://b\u0430nk.de/", "a(https://b\u0430nk.de/=https://xn--bnk-6cd.de/!xn--bnk-6cd.de)"],
    ["[**fett** und mehr](http://a.de)", "a(b(fett) und mehr=http://a.de/!a.de)"],
    ["**[x](http://a.de)**", "b(a(x=http://a.de/!a.de))"],
    ["mailto:anna@bank.de", "a(mailto:anna@bank.de=mailto:anna@bank.de)"],
    ["[Anna](mailto:anna@bank.de)", "a(Anna=mailto:anna@bank.de!anna@bank.de)"],
    ["HTTPS://Bank.de", "a(HTTPS://Bank.de=https://bank.de/)"],
  ]);
});

test("what isn't the web's or mail's is no link, nor what would change how it reads", () => {
  plain(
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<b>x</b>)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//bank.de)",
    "[x](/t/1)",
    "[x](https://)",
    "[x](https:///bank.de)",
    "javascript:alert(1)",
    "https://",
    "xhttps://bank.de",
    `https://bank.de/${"a".repeat(3000)}`,
  );
  are([
    ["https://bank.de/\u202egpj", "a(https://bank.de/=https://bank.de/)\u202egpj"],
    ["[x](https://bank.de/\u202egpj.exe)", "[x](a(https://bank.de/=https://bank.de/)\u202egpj.exe)"],
    ["[](https://bank.de) [x](https://bank.de", "[](a(https://bank.de=https://bank.de/)) [x](a(https://bank.de=https://bank.de/)"],
  ]);
});

test("who is meant is known, and ends where the name does", () => {
  are([
    ["@anna, @Anna: (@o-neill)!", "@(anna), @(anna): (@(o-neill))!"],
    ["@anna. @bert. @bert", "@(anna). @(bert.) @bert"],
    ["@jan_de_vries und _@anna_", "@(jan_de_vries) und i(@(anna))"],
    ["x@anna @anna@bank.de @annabel `@anna`", "x@anna @anna@bank.de @annabel c(@anna)"],
  ]);
  assert.deepEqual([...mentions("@anna\n- @jan_de_vries\n\n|@anna|\n|-|\n> @o-neill\n\n```\n@bert.\n```", people)], ["anna", "jan_de_vries"]);
});

test("the plain text is what one reads", () => {
  assert.equal(plainText(parse("**a** `b` [c](https://d.de)\n- e\n1. f\n\n|g|h|\n|-|-|\n> i")), "a b c\n– e\n1. f\ng\th\ni");
});

/** A row of numbers that only looks like chance. */
function chance(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % most;
  };
}

test("no word is ever lost, whatever stands around it", () => {
  const pieces = ["*", "**", "***", "_", "`", "``", "```", "\n", "\n\n", " ", "  ", "> ", ">", "- ", "* ", "1. ", "2. ", "|", "|-|-|", "\n|-|\n", "[", "]", "(", ")", "](", "](https://x.de)", "@", "https://", "\t", "\\", "```\n", "\n```\n"];
  const random = chance(7);
  for (let round = 0; round < 5000; round++) {
    const words = [];
    let text = "";
    for (let piece = random(40); piece >= 0; piece--) {
      if (random(3) === 0) {
        words.push(`w${words.length}w`);
        text += words[words.length - 1];
      } else text += pieces[random(pieces.length)];
    }
    const said = plainText(parse(text, people));
    const hrefs = JSON.stringify(parse(text, people));
    for (const word of words) assert.ok(said.includes(word), `${word} of ${JSON.stringify(text)} is missing in ${JSON.stringify(said)} ${hrefs}`);
  }
});

test("the beginning is about as long as it may be, whatever it consists of", () => {
  const long = "Zeile mit Text ".repeat(10);
  const texts = {
    text: Array(100).fill(long).join("\n"),
    word: "x".repeat(65536),
    list: Array(200).fill(`- ${long}\n  - ${long}`).join("\n"),
    quote: Array(200).fill(`> ${long}`).join("\n"),
    code: `\`\`\`\n${Array(200).fill(long).join("\n")}\n\`\`\``,
    table: `|a|b|\n|-|-|\n${Array(200).fill(`|${long}|${long}|`).join("\n")}`,
    bold: Array(200).fill(`**${long.trim()}**`).join("\n"),
  };
  for (const [kind, text] of Object.entries(texts)) {
    const said = plainText(beginning(parse(text), { lines: 12, characters: 1000 }));
    assert.ok(said.length <= 1200 && said.length >= 500, `${kind}: ${said.length} characters`);
    assert.ok(said.split("\n").length <= 13, `${kind}: ${said.split("\n").length} lines`);
    assert.ok(plainText(parse(text)).startsWith(said.slice(0, 400)), kind);
  }
  const whole = parse("kurz\n- a\n\n> b");
  assert.deepEqual(beginning(whole, { lines: 12, characters: 1000 }), whole);
});

test("the beginning cuts no character in two", () => {
  for (const [text, most, kept] of [["ab😀", 3, "ab"], ["abe\u0301", 3, "ab"], ["a👩\u200d👩\u200d👧", 4, "a"]]) {
    assert.equal(plainText(beginning(parse(text), { lines: 9, characters: most })), kept, JSON.stringify(text));
  }
});

test("64 KiB take less than 50 ms, whatever is in them", () => {
  const most = 65536;
  const fill = (piece) => piece.repeat(Math.ceil(most / piece.length)).slice(0, most);
  const texts = ["a", "*", "**", "*a ", "*a _b ", "a* b_ ", "_", "`", "`a", "`a``b```c", "[", "]", "](", "[a](", "[a](b", "[a](https://x.de/", "[a](https://x.de) ", "(", ")", "@", "@anna ", "@a.b-", "https://", "https://a", "https://a ", "https://x.de/)", "https://x.de/(", "mailto:", "\n", " ", "\t", "> ", ">", "> > ", "- ", "- a\n", " - a\n", "1. a\n", "|", "|-", "||\n", "|a", "|-|\n", "-|-\n", "```\n", "``` ", "````", "~~~\n", "\\|", "\u0301", "😀", "\u202e", "a\n\n", "- a\n\n", "- a\n* b\n", "> - > - ", "  ", "***a ", "**a *b _c ", "[**a**](https://x.de) ", "&lt;", "<b>"].map(fill);
  for (const piece of [" ", "\t", "-", "`", ">", "*", "|", "a", "(", "@a", "_"]) for (const first of ["```", "- ", "> ", "|", "https://", "[x](", "`", "@", "**", "1. "]) texts.push((first + fill(piece)).slice(0, most - 2) + "x!", `${first + fill(piece)}\n|-|\n`);
  texts.push(Array.from({ length: 400 }, (_, depth) => `${" ".repeat(depth)}- x`).join("\n"), Array.from({ length: 360 }, (_, depth) => `${">".repeat(depth)} x`).join("\n"), Array.from({ length: 360 }, (_, length) => `${"`".repeat(length)} x`).join(""));
  const random = chance(11);
  for (let round = 0; round < 40; round++) {
    const pieces = Array.from({ length: 1 + random(4) }, () => ["*", "_", "`", "[", "](", ")", "@a", "https://", "\n", " ", "> ", "- ", "|", "|-", "```", "a"][random(16)]);
    texts.push(fill(pieces.join("")));
  }
  for (const text of texts) parse(text.slice(0, 2000), people); // so that the compiler has seen it
  let slowest = 0;
  for (const text of texts) {
    // The quickest of some, in the processor's time: the machine may be busy with something else.
    let best = Infinity;
    for (let round = 0; round < 5 && best >= 50; round++) {
      const began = process.cpuUsage();
      parse(text, people);
      const { user, system } = process.cpuUsage(began);
      best = Math.min(best, (user + system) / 1000);
    }
    slowest = Math.max(slowest, best);
    assert.ok(best < 50, `${JSON.stringify(text.slice(0, 40))}… of ${text.length}: ${best.toFixed(1)} ms`);
  }
  assert.ok(slowest > 0);
});
