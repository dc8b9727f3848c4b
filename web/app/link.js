/**
 * A link is one connection to the server, whatever carries it: it opens
 * channels, each an ordered and reliable stream of octets, and it ends. What
 * the octets mean is not its business.
 * @module
 */
import { unbase64 } from "./chain.js";

/**
 * @typedef {object} Stream one channel's octets
 * @property {(octets: Uint8Array<ArrayBuffer>) => Promise<void>} write in the order of the calls
 * @property {() => Promise<Uint8Array | null>} read the next octets; null after FIN; rejects with Reset
 * @property {() => void} finish sends FIN
 * @property {() => void} drop gives both halves up at once
 */

/**
 * @typedef {object} Link
 * @property {string} name the transport, as a person may read it
 * @property {() => Promise<Stream>} open
 * @property {Promise<void>} ended resolves when the connection is gone, however it went
 * @property {(code: number, reason: string) => void} close
 */

/**
 * The answer of POST /api/session/token.
 * @typedef {object} Ticket
 * @property {string} token spent by its first use, within 60 seconds
 * @property {{url: string, certificateHashes?: string[]}} webtransport
 */

/** The other side gave a stream up. */
export class Reset extends Error {
  /** @param {number} code 0 where none is known */
  constructor(code) {
    super(`the stream was reset with code ${code}`);
    this.code = code;
  }
}

/**
 * Opens a link, or rejects. `ready` of a WebTransport stays pending for tens
 * of seconds where UDP is dropped silently, hence the signal.
 * @param {Ticket} ticket
 * @param {AbortSignal} signal
 * @returns {Promise<Link>}
 */
export async function dial(ticket, signal) {
  if (!("WebTransport" in globalThis)) throw new Error("this browser has no WebTransport");
  const { url, certificateHashes = [] } = ticket.webtransport;
  /** @type {WebTransportOptions} */
  const options = { protocols: ["rrp1"] };
  if (certificateHashes.length > 0) {
    options.serverCertificateHashes = certificateHashes.map((hash) => ({ algorithm: "sha-256", value: unbase64(hash) }));
  }
  const transport = new WebTransport(url, options);
  const ended = transport.closed.then(nothing, nothing);
  const abort = () => transport.close();
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    await transport.ready;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return {
    name: "WebTransport",
    ended,
    open: async () => stream(await transport.createBidirectionalStream()),
    close(closeCode, reason) {
      try {
        transport.close({ closeCode, reason });
      } catch {
        // It is closed already.
      }
    },
  };
}

/**
 * @param {WebTransportBidirectionalStream} pair
 * @returns {Stream}
 */
function stream(pair) {
  const reader = pair.readable.getReader();
  const writer = pair.writable.getWriter();
  writer.closed.catch(nothing);
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
      writer.close().catch(nothing);
    },
    drop() {
      writer.abort().catch(nothing);
      reader.cancel().catch(nothing);
    },
  };
}

function nothing() {}
