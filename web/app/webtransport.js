/**
 * A link over WebTransport: one QUIC connection, a stream a channel.
 * @module
 */
import { unbase64 } from "./chain.js";
import { PROTOCOL, Reset } from "./link.js";

/** Whether this browser has it. */
export const hasWebTransport = "WebTransport" in globalThis;

/**
 * Begins to connect. Where UDP is dropped silently, a browser keeps the try
 * pending for long, and may delay the next one after it.
 * @param {Pick<import("./link.js").Ticket, "webtransport">} ticket
 * @returns {import("./link.js").Try}
 */
export function openWebTransport({ webtransport: { url, certificateHashes = [] } }) {
  /** @type {WebTransportOptions & {protocols: string[]}} */
  const options = { protocols: [PROTOCOL] };
  if (certificateHashes.length > 0) {
    options.serverCertificateHashes = certificateHashes.map((hash) => ({ algorithm: "sha-256", value: unbase64(hash) }));
  }
  const transport = new WebTransport(url, options);
  const close = () => {
    try {
      transport.close();
    } catch {
      // It is closed already.
    }
  };
  const ended = transport.closed.then(({ closeCode = 0 }) => closeCode, none);
  return { ready: transport.ready.then(() => link(transport, ended, close)), close };
}

/**
 * @param {WebTransport} transport
 * @param {Promise<number>} ended
 * @param {() => void} close
 * @returns {import("./link.js").Link}
 */
function link(transport, ended, close) {
  return {
    name: "WebTransport",
    apart: false,
    open: async () => stream(await transport.createBidirectionalStream()),
    useKey: none,
    datagrams: datagrams(transport.datagrams),
    ended,
    close,
  };
}

/**
 * @param {WebTransportBidirectionalStream} pair
 * @returns {import("./link.js").Stream}
 */
function stream(pair) {
  const reader = pair.readable.getReader();
  const writer = pair.writable.getWriter();
  writer.closed.catch(none);
  return {
    write: (octets) => writer.write(octets),
    async read() {
      try {
        const { value, done } = await reader.read();
        return done ? null : value;
      } catch (error) {
        throw new Reset(/** @type {{streamErrorCode?: number | null}} */ (error).streamErrorCode ?? 0);
      }
    },
    finish() {
      writer.close().catch(none);
    },
    drop() {
      writer.abort().catch(none);
      reader.cancel().catch(none);
    },
  };
}

/**
 * @param {WebTransportDatagramDuplexStream} both
 * @returns {import("./link.js").Datagrams}
 */
function datagrams(both) {
  const reader = both.readable.getReader();
  const writer = /** @type {{createWritable?: () => WritableStream}} */ (both).createWritable?.().getWriter() ?? both.writable.getWriter();
  writer.closed.catch(none);
  return {
    send(octets) {
      writer.write(octets).catch(none);
    },
    async receive() {
      const { value, done } = await reader.read().catch(() => ({ value: null, done: true }));
      return done ? null : value;
    },
  };
}

function none() {
  return 0;
}
