package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"redroom/server/room"
	"redroom/server/servertest"
)

// openChannels signs a page in by a session of its own, joins each of topics,
// posts there, and reads on until the message has come. It joins three times
// more, then closes a channel, and tries again until it is let in.
const openChannels = `(async ({ name, password, topics }) => {
  const json = { "Content-Type": "application/json" }
  await fetch("/api/session", { method: "POST", headers: json, body: JSON.stringify({ name, password }) })
  const { token, webtransport } = await (await fetch("/api/session/token", { method: "POST", headers: json, body: "{}" })).json()
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  const session = new WebTransport(webtransport.url, {
    protocols: ["rrp1"],
    serverCertificateHashes: webtransport.certificateHashes.map((hash) => ({ algorithm: "sha-256", value: bytes(hash) })),
  })
  await session.ready

  const channel = async (octets) => {
    const { readable, writable } = await session.createBidirectionalStream()
    const writer = writable.getWriter(), reader = readable.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ""
    const until = async (pattern) => {
      for (;;) {
        if (pattern.test(heard)) return heard
        const { value, done } = await reader.read()
        if (done) return heard
        heard += value
      }
    }
    const say = (octets) => writer.write(new TextEncoder().encode(octets))
    await say(octets)
    return { say, until, close: () => writer.close() }
  }
  const answer = /^(ACK|ERR) [^\n]*\n/

  const said = { live: [], refused: [], again: "" }
  const control = await channel("TOKEN 0 " + token + "\n")
  said.control = await control.until(answer)
  const open = []
  for (const topic of topics) {
    const c = await channel("JOIN 0 " + topic + " 0\n")
    await c.until(answer)
    open.push(c)
  }
  for (const [i, c] of open.entries()) {
    await c.say("POST 5 tab-" + i + "\nHallo")
    if (/ACK 0 tab-/.test(await c.until(/ACK 0 tab-[^]*Hallo|Hallo[^]*ACK 0 tab-/))) said.live.push(topics[i])
  }
  const join = "JOIN 0 " + topics[0] + " 0\n"
  const more = await Promise.all([channel(join), channel(join), channel(join)])
  for (const c of more) said.refused.push((await c.until(answer)).split("\n")[0])
  for (const c of more) await c.close()
  await open[1].close()
  while (!said.again.startsWith("ACK")) {
    const c = await channel(join)
    said.again = (await c.until(answer)).split("\n")[0]
    if (!said.again.startsWith("ACK")) await c.close()
  }
  session.close()
  return said
})(%s)`

// TestTooManyChannelsOfABrowser is TestTooManyChannels by Chromium's own hand.
func TestTooManyChannelsOfABrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	page := servertest.OpenPage(t)
	page.Open(h.Plain)
	topics := h.manyTopics(t, room.MaxChannels-1)
	with, err := json.Marshal(map[string]any{"name": "bert", "password": servertest.Password, "topics": topics})
	if err != nil {
		t.Fatal(err)
	}
	said := servertest.Evaluate[struct {
		Control, Again string
		Live, Refused  []string
	}](page, fmt.Sprintf(openChannels, with))

	if want := "ACK 0 TOKEN bert\n"; said.Control != want {
		t.Errorf("signing in was answered with %q, want %q", said.Control, want)
	}
	if !slices.Equal(said.Live, topics) {
		t.Errorf("%d of %d topics are live", len(said.Live), len(topics))
	}
	if len(said.Refused) != 3 {
		t.Errorf("%d channels too many were answered, want 3", len(said.Refused))
	}
	for _, answer := range said.Refused {
		var length int
		if n, _ := fmt.Sscanf(answer, "ERR %d 429 -", &length); n != 1 || length == 0 {
			t.Errorf("a channel too many was answered with %q", answer)
		}
	}
}
