/**
 * What a client does, whatever it is written in: the scenarios that the command
 * line's client is tested against too, run against the page's session.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TOPIC, World, hashes, idle, until } from "./scripted.js";

const { scenarios } = JSON.parse(readFileSync(new URL("../../server/client/testdata/scenarios.json", import.meta.url), "utf8"));
const CHAIN = await hashes(9);
const decoder = new TextDecoder();
const text = (post) => decoder.decode(post.payload);

/** One run of a scenario: a verb a method. */
class Run {
  #world = new World();
  #started = false;
  /** The link that was signed in last, whose control channel. */
  #link;
  #control;
  /** The topic's newest channel that was joined. */
  #channel;
  /** Posts by their text. */
  #posts = new Map();

  constructor() {
    this.#world.tried = () => {};
  }

  async step(step) {
    const [verb, ...words] = step.split(" ");
    if (!this.#started && verb !== "tickets") {
      this.#started = true;
      void this.#world.session.start();
    }
    await idle();
    assert.ok(verb in this.#verbs, `a step that there is not: ${step}`);
    await this.#verbs[verb](...words);
    await idle();
  }

  end() {
    this.#world.session.stop();
  }

  #newest(transport) {
    const attempt = this.#world.of(transport).at(-1);
    assert.ok(attempt, `${transport} was never tried`);
    return attempt;
  }

  /** The topic's newest channel that has asked to join and wasn't answered. */
  #joining() {
    return until(() => {
      const channel = this.#link.topic(TOPIC);
      return channel && channel !== this.#channel && !channel.dropped && channel;
    });
  }

  #verbs = {
    // The client.
    open: () => this.#world.session.cursors.open(TOPIC),
    post: (text) => {
      this.#world.session.outbox.post(TOPIC, text, 0);
      this.#posts.set(text, this.#world.state.posts.at(-1).id);
    },
    online: () => this.#world.session.nudge(),
    stop: () => this.#world.session.stop(),

    // The server.
    tickets: (what, seconds = 0) => {
      const status = { 401: 401, unreachable: 0, 503: 503 }[what];
      const good = () => ({ token: `token-${this.#world.tickets}`, webtransport: { url: "" }, websocket: { url: "" } });
      this.#world.ticket = what === "ok" ? good : () => Object.assign(new Error(what), { status, seconds: Number(seconds) });
    },
    ready: (transport) => {
      const attempt = this.#newest(transport);
      assert.ok(attempt.pending, `no try of ${transport} is pending`);
      attempt.ready();
    },
    fails: (transport) => {
      const attempt = this.#newest(transport);
      if (attempt.pending) attempt.fail();
      else attempt.link.lose();
    },
    "signs-in": async (transport) => {
      const { link } = this.#newest(transport);
      this.#control = await this.#world.signIn([TOPIC], link);
      this.#link = link;
      assert.equal(this.#control, link.streams[0], "the first channel is the control channel");
      assert.deepEqual(this.#control.received.slice(0, 2).map((frame) => frame.type), ["TOKEN", "WATCH"]);
    },
    joins: async (after) => {
      const channel = await this.#joining();
      const [topic, from, ...proof] = channel.received[0].fields;
      assert.equal(topic, TOPIC);
      // Who has nothing asks for the newest ones.
      if (after === "0") assert.match(from, /^(0|-[1-9][0-9]*)$/);
      else assert.deepEqual([from, ...proof], [after, "e1", CHAIN[after]]);
      this.#channel = channel;
      channel.send("ACK", [TOPIC, after, "e1", 1, CHAIN[after]]);
    },
    message: (seq) => this.#channel.message({ seq: Number(seq) }),
    ack: (text, seq) => this.#channel.send("ACK", [this.#posts.get(text), seq]),
    "refuses-post": (text, code, ...seconds) => {
      this.#channel.send("ERR", [code, this.#posts.get(text), ...seconds]);
    },
    bye: (...fields) => {
      this.#control.send("BYE", fields);
      this.#control.fin();
    },
    lost: () => this.#link.lose(),
    silent: () => {
      this.#link.silent = true;
    },
    "refuses-join": async (code, ...seconds) => {
      const channel = await this.#joining();
      this.#channel = channel;
      channel.send("ERR", [code, code === "401" ? "ATTACH" : TOPIC, ...seconds]);
      channel.fin();
    },
    "refuses-token": async () => {
      const link = this.#world.link;
      const control = await until(() => link.control);
      control.send("ERR", [401, "TOKEN"]);
      control.send("BYE", [401]);
      control.fin();
    },
    resets: (code) => this.#channel.reset(Number(code)),
    fin: () => this.#channel.fin(),
    forward: (seconds) => this.#world.clock.forward(Math.round(Number(seconds) * 1000)),

    // What must be so.
    asked: (count) => assert.equal(this.#world.tickets, Number(count), "tickets"),
    tried: (transport, count) => assert.equal(this.#world.of(transport).length, Number(count), `tries of ${transport}`),
    pending: (transport, count) =>
      assert.equal(this.#world.of(transport).filter((attempt) => attempt.pending).length, Number(count), `pending tries of ${transport}`),
    closed: (transport) => {
      const attempt = this.#world.of(transport).findLast((attempt) => !attempt.pending);
      assert.ok(attempt?.closed || attempt?.link?.closed, `${transport} isn't closed`);
    },
    state: (state, more = "") => {
      const { connection } = this.#world.state;
      assert.deepEqual([connection.state, connection.via || connection.why], [state, more]);
    },
    posted: (wanted, times) =>
      until(() => {
        const count = this.#channel.of("POST").filter((post) => text(post) === wanted).length;
        return times ? count === Number(times) : count > 0;
      }),
    posts: (count) => assert.equal(this.#channel.of("POST").length, Number(count), "posts"),
    has: (count) => until(() => this.#world.seqs().join() === Array.from({ length: Number(count) }, (_, at) => at + 1).join()),
    accepted: (text) =>
      until(() => {
        const post = this.#world.state.posts.find((post) => post.id === this.#posts.get(text));
        return !post || post.state === "accepted";
      }),
    failed: (text) => until(() => this.#world.state.posts.some((post) => post.id === this.#posts.get(text) && post.state === "failed")),
    silence: () => {
      assert.equal(this.#world.clock.waiting, 0, "timers");
      assert.ok(this.#world.tries.every((attempt) => !attempt.pending), "a try is pending");
      assert.ok(this.#world.links.every((link) => link.closed), "a link is open");
    },
  };
}

for (const { name, steps } of scenarios) {
  test(name, async () => {
    const run = new Run();
    try {
      for (const [at, step] of steps.entries()) {
        try {
          await run.step(step);
        } catch (error) {
          error.message = `step ${at + 1}, ${step}: ${error.message}`;
          throw error;
        }
      }
    } finally {
      run.end();
    }
  });
}
