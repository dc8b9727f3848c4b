/**
 * A link is one connection to the server, whatever carries it: it opens
 * channels, each an ordered and reliable stream of octets, and it ends. What
 * the octets mean is not its business. PROTOCOL.md section 2.
 * @module
 */

/**
 * @typedef {object} Stream one channel's octets
 * @property {(octets: Uint8Array<ArrayBuffer>) => Promise<void>} write in the order of the calls
 * @property {() => Promise<Uint8Array | null>} read the next octets; null after FIN; rejects with Reset
 * @property {() => void} finish sends FIN
 * @property {() => void} drop gives both halves up at once; a read that waits rejects or returns null
 */

/**
 * @typedef {object} Datagrams each carries one frame, and may be lost
 * @property {(octets: Uint8Array<ArrayBuffer>) => void} send
 * @property {() => Promise<Uint8Array | null>} receive the next one; null when there will be none any more
 */

/**
 * @typedef {object} Link
 * @property {"WebTransport" | "WebSocket"} name the transport, as a person may read it
 * @property {boolean} apart whether each channel is a connection of its own, that can die alone
 * @property {() => Promise<Stream>} open the first one is for the control channel; further ones only after useKey
 * @property {(key: string) => void} useKey takes what ACK TOKEN says of how further channels are opened; "" for nothing
 * @property {Datagrams | null} datagrams null where the transport has none
 * @property {Promise<number>} ended resolves when the connection is gone, however it went: with the server's code (section 5), or 0
 * @property {() => void} close
 */

/**
 * A link that may come to be.
 * @typedef {object} Try
 * @property {Promise<Link>} ready may stay pending for tens of seconds
 * @property {() => void} close gives it up, or closes what it has become
 */

/** @typedef {(ticket: Ticket) => Try} Opener */

/**
 * The answer of POST /api/session/token.
 * @typedef {object} Ticket
 * @property {string} token spent by its first use, within 60 seconds
 * @property {{url: string, certificateHashes?: string[]}} webtransport
 * @property {{url: string}} websocket
 * @property {string} [page] the version of the page that the server has; version.js
 */

/** The sub-protocol that both transports ask for. */
export const PROTOCOL = "rrp1";

/** The other side gave a stream up. */
export class Reset extends Error {
  /** @param {number} code 0 where none is known */
  constructor(code) {
    super(`the stream was reset with code ${code}`);
    this.code = code;
  }
}
