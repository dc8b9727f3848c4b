package feed

import (
	"strings"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
)

func TestAReportSaysWhereItsReadingComesFrom(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 4, 5, 6_700_000, time.FixedZone("", 3600))
	body, err := newReport("https://host/path", at, []byte(`{"b": 1.10, "a":"<\u00fc>"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"source":"https://host/path","time":"2026-03-01T12:04:05.006Z","reading":{"b":1.10,"a":"<\u00fc>"}}`; body != want {
		t.Errorf("the report is %s", body)
	}
	first := stamp(client.Post{Body: body}, "c0ffee")
	if want := `{"source":"https://host/path","time":"2026-03-01T12:04:05.006Z","connection":"c0ffee","reading":{"b":1.10,"a":"<\u00fc>"}}`; first != want {
		t.Errorf("over a connection it is %s", first)
	}
	// What was refused there comes over another one.
	if again := stamp(client.Post{Body: first}, ""); again != body {
		t.Errorf("over a WebSocket it is %s", again)
	}
	if other := stamp(client.Post{Body: "a text"}, "c0ffee"); other != "a text" {
		t.Errorf("a text became %s", other)
	}
}

func TestAReportFitsWithAnyConnection(t *testing.T) {
	frame, err := newReport("s", time.Now(), []byte(`""`))
	if err != nil {
		t.Fatal(err)
	}
	room := room.Report.Limit() - maxConnection - len(frame)
	if _, err := newReport("s", time.Now(), []byte(`"`+strings.Repeat("x", room+1)+`"`)); kindOf(err) != "report" {
		t.Errorf("one that is too large: %v", err)
	}
	body, err := newReport("s", time.Now(), []byte(`"`+strings.Repeat("x", room)+`"`))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(stamp(client.Post{Body: body}, strings.Repeat("f", 40))); got != room+len(frame)+maxConnection {
		t.Errorf("with the longest id it has %d octets", got)
	}
}
