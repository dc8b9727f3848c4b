package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// The fixture: anna is the admin; bert, carla and dora may post in the first
// deal, olga observes it, otto is in no deal.
const (
	dealOne    = "deal000000000001" // with topicOne and topicTwo
	dealTwo    = "deal000000000002" // history: joined; with topicThree
	topicOne   = "0123456789abcdef"
	topicTwo   = "topc000000000002"
	topicThree = "topc000000000003"
)

const start = 1_767_225_600_000 // 2026-01-01 00:00:00 UTC, in unix-ms

func by(name string) room.Stamp { return room.Stamp{At: start, By: name} }

func ptr[T any](v T) *T { return &v }

func furniture() []room.Event {
	events := []room.Event{
		room.UserAdded{Stamp: by(""), Name: "anna", Display: "Anna Groß", Role: room.Admin, PasswordHashed: "hash of anna"},
		room.UserAdded{Stamp: by("anna"), Name: "bert", Display: "Bert", Role: room.Member, PasswordHashed: "hash of bert"},
		room.UserAdded{Stamp: by("anna"), Name: "carla", Display: "Carla", Role: room.Member},
		room.UserAdded{Stamp: by("anna"), Name: "dora", Display: "Dora", Role: room.Bot},
		room.UserAdded{Stamp: by("anna"), Name: "olga", Display: "Olga", Role: room.Observer},
		room.UserAdded{Stamp: by("anna"), Name: "otto", Display: "Otto", Role: room.Member},
		room.DealCreated{Stamp: by("anna"), ID: dealOne, Name: "GeldGeldGeld AG", History: room.HistoryAll},
		room.DealCreated{Stamp: by("anna"), ID: dealTwo, Name: "Zwei GmbH", History: room.HistoryJoined},
		room.TopicCreated{Stamp: by("anna"), ID: topicTwo, Deal: dealOne, Title: "Share Deal", Number: 2},
		room.TopicCreated{Stamp: by("anna"), ID: topicOne, Deal: dealOne, Title: "Due Diligence", Number: 1},
		room.TopicCreated{Stamp: by("anna"), ID: topicThree, Deal: dealTwo, Title: "Anfang"},
	}
	for _, user := range []string{"bert", "carla", "dora", "olga"} {
		events = append(events, room.MemberAdded{Stamp: by("anna"), Deal: dealOne, User: user})
	}
	return events
}

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func closeStore(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// reopened is the store after it was closed and opened again.
func reopened(t testing.TB, s *store.Store, dir string) *store.Store {
	t.Helper()
	closeStore(t, s)
	return open(t, dir)
}

// furnished is a new store in dir with the fixture in it.
func furnished(t testing.TB, dir string) *store.Store {
	t.Helper()
	s := open(t, dir)
	applied(t, s, furniture()...)
	return s
}

// commit applies the events in one batch.
func commit(t testing.TB, s *store.Store, events ...room.Event) []room.Outcome {
	t.Helper()
	outcomes, err := s.Commit(t.Context(), events, s.Position()+int64(len(events)))
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// applied is commit for events none of which may be refused.
func applied(t testing.TB, s *store.Store, events ...room.Event) []room.Outcome {
	t.Helper()
	outcomes := commit(t, s, events...)
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatalf("%+v: %v", events[i], o.Err)
		}
	}
	return outcomes
}

// text is a post whose salt follows from its client id.
func text(user, topic, id, body string) room.MessagePosted {
	ev := room.MessagePosted{Stamp: by(user), Topic: topic, ID: id, Kind: room.Text, Body: []byte(body)}
	copy(ev.Salt[:], id)
	return ev
}

func history(t testing.TB, s *store.Store, topic string) []room.Message {
	t.Helper()
	page, err := s.Messages(t.Context(), topic, 0, 1<<30, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// described is all that a State shows, in one order.
func described(s *room.State) string {
	var b strings.Builder
	for _, u := range s.Users() {
		fmt.Fprintf(&b, "user %+v\n", *u)
	}
	for _, d := range s.Deals() {
		fmt.Fprintf(&b, "deal %+v\n", *d)
		for _, t := range s.TopicsOf(d) {
			fmt.Fprintf(&b, "  topic %+v\n", *t)
		}
	}
	return b.String()
}

// tables are all rows of the database in dir, but for the journal's position,
// the epoch, the record of migrations, and the index.
func tables(t testing.TB, dir string) string {
	t.Helper()
	db := database(t, dir)
	var b strings.Builder
	for _, table := range column(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'index\_%' ESCAPE '\' ORDER BY name`) {
		if table == "migrations" || table == "journal" {
			continue
		}
		where := ""
		if table == "settings" {
			where = " WHERE name <> 'epoch'"
		}
		columns := column(t, db, `SELECT 'quote(' || name || ')' FROM pragma_table_info(?)`, table)
		rows := column(t, db, "SELECT "+strings.Join(columns, " || ' ' || ")+" FROM "+table+where)
		slices.Sort(rows)
		fmt.Fprintf(&b, "%s\n  %s\n", table, strings.Join(rows, "\n  "))
	}
	return b.String()
}

// database is the file as any other program sees it.
func database(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// column are a query's values, as text.
func column(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
