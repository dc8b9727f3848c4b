/**
 * A server that does what the test says, behind the seam that a transport has:
 * a link in memory. And a clock that moves when it is told to. PINGs are
 * answered by themselves, as long as the link isn't silent.
 */
import { Reset } from "../app/link.js";
import { Opening } from "../app/opening.js";
import { Race } from "../app/race.js";
import { Session } from "../app/session.js";
import { Store } from "../app/store.js";
import { advance, digest, hex, seed, unbase64 } from "../app/chain.js";
import { Decoder, encode } from "../app/wire.js";

export const SALT = "AAECAwQFBgcICQoL";
export const TOPIC = "0123456789abcdef";
export const DEAL = "deal000000000001";
const ANNA = { name: "anna", display: "Anna", role: "member" };
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

  /** Time goes by without any timer being run. */
  sleep(ms) {
    this.#now += ms;
  }

  /** Goes forward, running what is due in its order. */
  async forward(ms) {
    const end = this.#now + ms;
    for (;;) {
      await idle();
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
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
  /** Whether this channel alone lets nothing through any more. */
  silent = false;
  #decoder = new Decoder();
  #chunks = [];
  #waiting = null;
  #link;

  constructor(link) {
    this.#link = link;
  }

  /** The client's half. */
  client = {
    write: async (octets) => {
      if (!this.silent && !this.#link.silent) this.#decoder.push(octets, (frame) => this.#take(frame));
    },
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
      this.#chunks.push(new Reset(0));
      this.#serve();
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

  #take(frame) {
    this.received.push(frame);
    if (frame.type === "PING") this.send("PONG", frame.fields);
  }

  #give(chunk) {
    if (this.silent || this.#link.silent) return;
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
  /** Datagrams that came. */
  datagrams = [];
  /** Whether the client closed it. */
  closed = false;
  lost = false;
  /** Whether it lets nothing through any more, either way. */
  silent = false;
  key = "";
  #end;
  #receive = () => {};

  constructor(name = "WebTransport") {
    const socket = name === "WebSocket";
    this.client = {
      name,
      apart: socket,
      ended: new Promise((resolve) => (this.#end = resolve)),
      open: async () => {
        if (this.closed || this.lost) throw new Error("closed");
        const stream = new ServerStream(this);
        this.streams.push(stream);
        return stream.client;
      },
      useKey: (key) => {
        this.key = key;
      },
      datagrams: socket
        ? null
        : {
            send: (octets) => new Decoder().push(octets, (frame) => this.datagrams.push(frame)),
            receive: () => new Promise((resolve) => (this.#receive = resolve)),
          },
      close: () => {
        this.closed = true;
        this.#over();
      },
    };
  }

  datagram(type, fields) {
    this.#receive(encode(type, fields));
  }

  /** The connection is gone. */
  lose() {
    this.lost = true;
    this.#over();
  }

  #over() {
    for (const stream of this.streams) stream.client.drop();
    this.#receive(null);
    this.#end(0);
  }

  get control() {
    return this.streams.find((stream) => stream.received[0]?.type === "TOKEN");
  }

  /** The newest channel of a topic. */
  topic(id) {
    return this.streams.findLast((stream) => stream.received[0]?.type === "JOIN" && stream.received[0].fields[0] === id);
  }
}

/** A link that may come to be, from the server's side. */
export class ServerTry {
  pending = true;
  closed = false;
  /** @type {ServerLink | null} */
  link = null;
  #settle;

  constructor(name, ticket) {
    this.name = name;
    this.ticket = ticket;
    this.client = {
      ready: new Promise((resolve, reject) => (this.#settle = { resolve, reject })),
      close: () => {
        this.closed = true;
        if (this.link) this.link.client.close();
        else this.fail();
      },
    };
  }

  ready() {
    this.pending = false;
    this.link = new ServerLink(this.name);
    this.#settle.resolve(this.link.client);
    return this.link;
  }

  fail() {
    this.pending = false;
    this.#settle.reject(new Error("no way"));
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
  /** All that the client began, in that order. @type {ServerTry[]} */
  tries = [];
  tickets = 0;
  /** What asking for a token comes to; an Error is thrown. */
  ticket = () => ({ token: `token-${this.tickets}`, webtransport: { url: "" }, websocket: { url: "" } });
  /** What a try comes to at once. */
  tried = (attempt) => attempt.name === "WebTransport" && attempt.ready();
  pages = async () => {
    throw new Error("no pages here");
  };
  /** Answers who one is, once that was asked. */
  me;
  random = 1;
  /** What the browser keeps, or null. */
  shelf = null;
  locks;
  tab = "tab";
  /** What client ids begin with. */
  prefix = "id-";
  #ids = 0;

  /** @param {object} [how] @param {boolean} [how.ahead] whether the connection is begun before there is a session */
  constructor({ ahead = false, ...what } = {}) {
    Object.assign(this, what);
    this.store = new Store(ANNA, 0);
    const { clock, store } = this;
    const race = new Race(clock, {
      webTransport: (ticket) => this.#try("WebTransport", ticket),
      webSocket: (ticket) => this.#try("WebSocket", ticket),
    });
    const api = {
      whoAmI: () => new Promise((resolve, reject) => (this.me = { resolve: () => resolve(ANNA), reject })),
      ticket: async (signal) => {
        this.tickets++;
        const ticket = await this.ticket(signal);
        if (ticket instanceof Error) throw ticket;
        return ticket;
      },
      messages: (...asked) => this.pages(...asked),
    };
    this.opening = ahead ? new Opening({ api, race, clock, version: this.version }) : null;
    const { opening, shelf, locks, tab } = this;
    this.session = new Session({ api, race, opening, store, clock, random: () => this.random, id: () => `${this.prefix}${++this.#ids}`, version: this.version, shelf, locks, tab });
  }

  get state() {
    return this.store.state;
  }

  #try(name, ticket) {
    const attempt = new ServerTry(name, ticket);
    this.tries.push(attempt);
    this.tried(attempt);
    return attempt.client;
  }

  /** The tries of a transport. */
  of(name) {
    return this.tries.filter((attempt) => attempt.name === name);
  }

  /** In the order in which they were begun. */
  get links() {
    return this.tries.map((attempt) => attempt.link).filter(Boolean);
  }

  get link() {
    return this.links.at(-1);
  }

  /** Answers the sign-in and the WATCH of a link, the newest one. */
  async signIn(topics = [TOPIC], link = this.link) {
    const control = await until(() => link.control);
    control.send("ACK", link.client.apart ? ["TOKEN", "anna", "key"] : ["TOKEN", "anna"]);
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
