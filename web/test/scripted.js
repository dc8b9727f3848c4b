/**
 * A server that does what the test says, behind the seam that a transport has:
 * a link in memory. And a clock that moves when it is told to.
 */
import { Reset } from "../app/link.js";
import { Session } from "../app/session.js";
import { Store } from "../app/store.js";
import { advance, digest, hex, seed, unbase64 } from "../app/chain.js";
import { Decoder, encode } from "../app/wire.js";

export const SALT = "AAECAwQFBgcICQoL";
export const TOPIC = "0123456789abcdef";
export const DEAL = "deal000000000001";
const encoder = new TextEncoder();

/** Waits until something is so; fails if it still isn't after five seconds. */
export async function until(isSo) {
  const end = Date.now() + 5000;
  for (;;) {
    const found = isSo();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came true: ${isSo}`);
    await new Promise(setImmediate);
  }
}

/** Lets everything happen that only waits for its turn. */
export async function idle() {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

export class FakeClock {
  #now = 1_000_000;
  #timers = new Set();

  now = () => this.#now;

  after = (ms, run) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get waiting() {
    return this.#timers.size;
  }

  /** Goes forward, running what is due in its order. */
  async forward(ms) {
    const end = this.#now + ms;
    for (;;) {
      await idle();
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
    await idle();
  }
}

/** One channel, from the server's side. */
export class ServerStream {
  received = [];
  finished = false;
  dropped = false;
  #decoder = new Decoder();
  #chunks = [];
  #waiting = null;

  /** The client's half. */
  client = {
    write: async (octets) => this.#decoder.push(octets, (frame) => this.received.push(frame)),
    read: () =>
      new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#serve();
      }),
    finish: () => {
      this.finished = true;
    },
    drop: () => {
      this.dropped = true;
      this.#give(new Reset(0));
    },
  };

  send(type, fields = [], payload = "") {
    this.#give(encode(type, fields.map(String), encoder.encode(payload)));
  }

  fin() {
    this.#give(null);
  }

  reset(code) {
    this.#give(new Reset(code));
  }

  message({ seq, author = "bert", time = 1000 + seq, kind = "text", ref = "", text = `m${seq}` }) {
    this.send("MESSAGE", [seq, author, time, kind, ref, SALT], text);
  }

  /** A message whose words were removed. */
  redacted({ seq, author = "bert", time = 1000 + seq, kind = "text", ref = "", length, digest }) {
    this.send("MESSAGE", [seq, author, time, kind, ref, "", `redacted=${length}`, `digest=${digest}`]);
  }

  /** The frames of a type that came so far. */
  of(type) {
    return this.received.filter((frame) => frame.type === type);
  }

  #give(chunk) {
    this.#chunks.push(chunk);
    this.#serve();
  }

  #serve() {
    if (!this.#waiting || this.#chunks.length === 0) return;
    const { resolve, reject } = this.#waiting;
    this.#waiting = null;
    const chunk = this.#chunks.shift();
    if (chunk instanceof Error) reject(chunk);
    else resolve(chunk);
  }
}

/** One connection, from the server's side. */
export class ServerLink {
  streams = [];
  closed = false;
  #end;

  client = {
    name: "WebTransport",
    ended: new Promise((resolve) => (this.#end = resolve)),
    open: async () => {
      if (this.closed) throw new Error("closed");
      const stream = new ServerStream();
      this.streams.push(stream);
      return stream.client;
    },
    close: () => this.lose(),
  };

  /** The connection is gone. */
  lose() {
    this.closed = true;
    for (const stream of this.streams) stream.reset(0);
    this.#end();
  }

  get control() {
    return this.streams.find((stream) => stream.received[0]?.type === "TOKEN");
  }

  /** The newest channel of a topic. */
  topic(id) {
    return this.streams.findLast((stream) => stream.received[0]?.type === "JOIN" && stream.received[0].fields[0] === id);
  }
}

/** digest(n), in hex, of what ServerStream.message sends. */
export async function digestOf(text) {
  return hex(await digest(unbase64(SALT), encoder.encode(text)));
}

/** hash(0) to hash(n) of messages as ServerStream.message sends them. */
export async function chainOf(messages) {
  const all = [await seed(TOPIC)];
  for (const { seq, author = "bert", time = 1000 + seq, kind = "text", ref = 0, text = `m${seq}` } of messages) {
    const body = encoder.encode(text);
    all.push(await advance(all.at(-1), { seq, author, time, kind, ref, length: body.length, digest: await digest(unbase64(SALT), body) }));
  }
  return all.map(hex);
}

/** hash(0) to hash(n) of so many texts. */
export function hashes(count) {
  return chainOf(Array.from({ length: count }, (_, index) => ({ seq: index + 1 })));
}

/** A session with everything around it. */
export class World {
  clock = new FakeClock();
  links = [];
  tickets = 0;
  /** What asking for a token comes to; an Error is thrown. */
  ticket = () => ({ token: `token-${this.tickets}`, webtransport: { url: "" } });
  /** What dialing comes to. */
  dialed = () => {
    const link = new ServerLink();
    this.links.push(link);
    return link.client;
  };
  pages = async () => {
    throw new Error("no pages here");
  };
  random = 1;
  #ids = 0;

  constructor() {
    this.store = new Store({ name: "anna", display: "Anna", role: "member" }, 0);
    this.session = new Session({
      api: {
        ticket: async () => {
          this.tickets++;
          const ticket = this.ticket();
          if (ticket instanceof Error) throw ticket;
          return ticket;
        },
        messages: (...asked) => this.pages(...asked),
      },
      dial: async () => this.dialed(),
      store: this.store,
      clock: this.clock,
      random: () => this.random,
      id: () => `id-${++this.#ids}`,
    });
  }

  get state() {
    return this.store.state;
  }

  get link() {
    return this.links.at(-1);
  }

  /** Answers the sign-in and the WATCH of the newest link. */
  async signIn(topics = [TOPIC]) {
    const link = this.link;
    const control = await until(() => link.control);
    control.send("ACK", ["TOKEN", "anna"]);
    await until(() => control.of("WATCH").length > 0);
    control.send("DEAL", [DEAL], JSON.stringify({ id: DEAL, name: "Deal", open: true, history: "all", people: [] }));
    for (const id of topics) {
      control.send("TOPIC", [id], JSON.stringify({ id, deal: DEAL, title: id, number: 1, open: true, head: 0 }));
    }
    control.send("ACK", ["WATCH"]);
    await until(() => this.state.watched && this.state.stale === null);
    return control;
  }

  async start(topics) {
    void this.session.start();
    await until(() => this.links.length > 0);
    return this.signIn(topics);
  }

  /** Waits for the JOIN of a topic on the newest link, and accepts it. */
  async join({ topic = TOPIC, head = 0, epoch = "e1", from = 1, hash }) {
    const link = this.link;
    const stream = await until(() => link.topic(topic));
    stream.send("ACK", [topic, head, epoch, from, hash]);
    return stream;
  }

  seqs(topic = TOPIC) {
    return this.state.logs.get(topic)?.messages.map((message) => message.seq) ?? [];
  }
}
