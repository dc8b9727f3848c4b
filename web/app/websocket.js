/**
 * A link over WebSockets: a control one, which is the session, and one for each
 * further channel, attached by the key that the sign-in gave. Their binary
 * messages, split anyhow, are a stream of octets.
 * @module
 */
import { PROTOCOL, Reset } from "./link.js";
import { encode } from "./wire.js";

/** A close by the server that ends a channel as it should. */
const FIN = 1000;
/** To these the session's code is added (400, 401, 410, 503) when it closes the control WebSocket. */
const SESSION = 4000;
/** WebSocket.CLOSING; what is closed has a larger state. */
const CLOSING = 2;
/** A WebSocket that isn't open after so long won't be. */
const OPEN_WITHIN = 10_000;

/**
 * Begins to connect.
 * @param {Pick<import("./link.js").Ticket, "websocket">} ticket
 * @param {import("./clock.js").Clock} clock
 * @param {typeof WebSocket} [Socket]
 * @returns {import("./link.js").Try}
 */
export function openWebSocket({ websocket: { url } }, clock, Socket = WebSocket) {
  const connect = () => channel(new Socket(url, PROTOCOL), clock);
  const control = connect();
  const ready = control.opened.then(() => link(control, connect));
  return { ready, close: control.drop };
}

/**
 * @param {SocketStream} control
 * @param {() => SocketStream} connect
 * @returns {import("./link.js").Link}
 */
function link(control, connect) {
  /** All that are attached. @type {Set<SocketStream>} */
  const attached = new Set();
  let first = true;
  let key = "";
  let over = false;
  const close = () => {
    over = true;
    control.drop();
    for (const stream of attached) stream.drop();
  };
  const ended = control.closed.then((code) => {
    close();
    return Math.max(0, code - SESSION);
  });
  return {
    name: "WebSocket",
    apart: true,
    async open() {
      if (over) throw new Reset(0);
      if (first) {
        first = false;
        return control;
      }
      const stream = connect();
      attached.add(stream);
      void stream.closed.then(() => attached.delete(stream));
      await stream.opened;
      await stream.write(encode("ATTACH", [key]));
      return stream;
    },
    useKey(given) {
      key = given;
    },
    datagrams: null,
    ended,
    close,
  };
}

/**
 * @typedef {import("./link.js").Stream & {opened: Promise<void>, closed: Promise<number>}} SocketStream
 * closed: with the code of the close, 1006 for none
 */

/**
 * One WebSocket as a stream. Its end is the same for both directions.
 * @param {WebSocket} socket
 * @param {import("./clock.js").Clock} clock
 * @returns {SocketStream}
 */
function channel(socket, clock) {
  socket.binaryType = "arraybuffer";
  /** What came and wasn't read; the end is the last. @type {(Uint8Array | Reset | null)[]} */
  const came = [];
  /** @type {{resolve: (octets: Uint8Array | null) => void, reject: (reset: Reset) => void} | null} */
  let reader = null;
  let over = false;

  const serve = () => {
    if (!reader || came.length === 0) return;
    const { resolve, reject } = reader;
    reader = null;
    // The end stays, for whoever reads once more.
    const next = over && came.length === 1 ? came[0] : /** @type {Uint8Array} */ (came.shift());
    if (next instanceof Reset) reject(next);
    else resolve(next);
  };
  /** @type {(code: number) => void} */
  let tellClosed;
  const closed = /** @type {Promise<number>} */ (new Promise((resolve) => (tellClosed = resolve)));
  /** @type {(error?: Error) => void} */
  let tellOpened;
  const opened = /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => (tellOpened = (error) => (error ? reject(error) : resolve())))
  );
  opened.catch(() => {});
  const end = (/** @type {number} */ code) => {
    if (over) return;
    over = true;
    late();
    tellOpened(new Error(`the WebSocket was closed with ${code}`));
    came.push(code === FIN || code > SESSION ? null : new Reset(0));
    serve();
    tellClosed(code);
  };
  const drop = () => {
    socket.close();
    // The peer may never answer the close; here it is over now.
    end(1006);
  };
  const late = clock.after(OPEN_WITHIN, drop);

  socket.onopen = () => {
    late();
    tellOpened();
  };
  socket.onmessage = ({ data }) => {
    if (over) return;
    // Text is nothing that a server of this protocol sends.
    if (!(data instanceof ArrayBuffer)) return drop();
    came.push(new Uint8Array(data));
    serve();
  };
  socket.onclose = ({ code }) => end(code);

  return {
    opened,
    closed,
    async write(octets) {
      // One that is closing complains of it, and is not closed yet.
      if (over || socket.readyState >= CLOSING) throw new Reset(0);
      socket.send(octets);
    },
    read: () =>
      new Promise((resolve, reject) => {
        reader = { resolve, reject };
        serve();
      }),
    finish: () => socket.close(FIN),
    drop,
  };
}
