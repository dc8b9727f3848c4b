/**
 * What the control channel says of the room, as actions. PROTOCOL.md section 3.
 * @module
 */
import { number } from "./wire.js";

/** @typedef {import("./rooms.js").Action} Action */

/** What a topic is of which nothing else is said. */
const PLAIN = { number: 0, open: true, head: 0, archived: false, narrowed: false, direct: false, members: null };

/**
 * @param {import("./wire.js").Frame} frame
 * @returns {Action | null} null for what says nothing of the room
 */
export function fromNews({ type, fields, payload }) {
  const [id] = fields;
  switch (type) {
    case "ACK":
      return id === "WATCH" ? { type: "watched" } : null;
    case "DEAL":
      return fields[1] === "gone" ? { type: "deal-gone", id } : { type: "deal", deal: { people: [], ...json(payload), id } };
    case "TOPIC":
      if (fields[1] === "gone") return { type: "topic-gone", id };
      return { type: "topic", topic: { ...PLAIN, ...json(payload), id } };
    case "UNREAD": {
      const [count, read, head] = fields.slice(1).map(number);
      return { type: "unread", topic: id, count: count || 0, read: read || 0, head: head || 0 };
    }
    case "PRESENCE":
      return { type: "presence", name: id, presence: fields[1] ?? "offline", reachable: fields.includes("direct=1", 2) };
  }
  return null;
}

/** @param {Uint8Array} payload */
function json(payload) {
  try {
    const value = JSON.parse(new TextDecoder().decode(payload));
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
