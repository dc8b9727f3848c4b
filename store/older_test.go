package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"redroom/server/room"
	"redroom/store"
)

// currentVersion is that of a store's tables.
func currentVersion(t testing.TB, path string) int64 {
	t.Helper()
	return ask[int64](t, path, `PRAGMA user_version`)
}

// older is a store as an older version has left it: made by the migrations up to
// that one, with what its tables take of the rows of another store.
func older(t testing.TB, path string, version int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "redroom.db")
	db, err := sql.Open("sqlite", to)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`PRAGMA application_id = ` + ask[string](t, path, `PRAGMA application_id`)); err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithTableName("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`ATTACH ? AS newer`, path); err != nil {
		t.Fatal(err)
	}
	for _, table := range column(t, db, `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations' AND name NOT LIKE 'index\_%' ESCAPE '\'`) {
		columns := strings.Join(column(t, db, `SELECT name FROM pragma_table_info(?, 'main')`, table), ", ")
		for _, statement := range []string{
			`DELETE FROM main.` + table,
			fmt.Sprintf(`INSERT INTO main.%s (%s) SELECT %[2]s FROM newer.%[1]s`, table, columns),
		} {
			if _, err := db.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	return to
}

// TestOlderStoresAreTakenOn opens what older versions have left: as it was
// stopped, from a backup that was made of it without opening it, and from that
// put in place by hand.
func TestOlderStoresAreTakenOn(t *testing.T) {
	path := writtenStore(t)
	s := open(t, filepath.Dir(path))
	applied(t, s, // a reading start, and sign-ins
		text("anna", topicThree, "1", "before"),
		room.MemberAdded{Stamp: by("anna"), Deal: dealTwo, User: "bert"},
		room.TopicRead{Stamp: by("bert"), Topic: topicOne, Seq: 2},
		room.TopicRead{Stamp: by("carla"), Topic: topicTwo, Seq: 2},
		session("bert", "s1", tokenOne))
	closeStore(t, s)
	sums, err := store.Checksum(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	audited := s.AuditHead()
	state, heads := described(s.State()), []room.Head{s.Head(topicOne), s.Head(topicTwo), s.Head(topicThree)}

	ways := map[string]func(t *testing.T, old string) (dir string){
		"as it was stopped": func(_ *testing.T, old string) string { return filepath.Dir(old) },
		"from a backup": func(t *testing.T, old string) string {
			b, err := store.BackupStopped(t.Context(), filepath.Dir(old))
			backup := backedUp(t, b, err)
			if r, err := store.Verify(t.Context(), backup); err != nil || r.Err() != nil || !r.Backup || (r.Audit != nil) != (r.Version >= 3) {
				t.Errorf("the backup: %v, %+v", err, r)
			}
			dir := t.TempDir()
			if r, err := store.Restore(t.Context(), backup, dir, false); err != nil || r.Version != int(currentVersion(t, old)) {
				t.Fatalf("restoring it: %v, %+v", err, r)
			}
			return dir
		},
	}
	for version := int64(1); version < currentVersion(t, path); version++ {
		for way, of := range ways {
			t.Run(fmt.Sprintf("of version %d, %s", version, way), func(t *testing.T) {
				dir := of(t, older(t, path, version))
				s := open(t, dir)
				if now := described(s.State()); now != state {
					t.Errorf("the room is\n%s\nand was\n%s", now, state)
				}
				if now := []room.Head{s.Head(topicOne), s.Head(topicTwo), s.Head(topicThree)}; !slices.Equal(now, heads) {
					t.Errorf("the heads are %+v, and were %+v", now, heads)
				}
				now, err := store.Checksum(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				for table := range sums {
					if now[table] != sums[table] && table != "audit" && table != "audit_head" { // the trail begins
						t.Errorf("table %s has other rows", table)
					}
				}
				trail := room.Head{Hash: room.AuditStart()}
				if version >= 3 { // from which on there was one
					trail = audited
				}
				if s.AuditHead() != trail {
					t.Errorf("the trail ends at %+v, want %+v", s.AuditHead(), trail)
				}
				applied(t, s,
					room.TopicCreated{Stamp: by("anna"), ID: "n", Deal: dealOne, Title: "Narrowed", Narrowed: true, Members: []string{"bert"}},
					text("bert", "n", "1", "on it goes"), text("bert", topicOne, "1", "on it goes"))
				s = reopenedAlike(t, s, dir)
				closeStore(t, s)
				r, err := store.Verify(t.Context(), dir)
				if err != nil || r.Err() != nil || r.Audit == nil || r.Audit.Rows != trail.Seq+1 || r.Version != int(currentVersion(t, path)) {
					t.Errorf("afterwards: %v, %+v", err, r)
				}
			})
		}
	}
}

// TestAMigratedStoreIsLikeANewOne compares what the migrations make of an empty
// store of each version with what they make at once.
func TestAMigratedStoreIsLikeANewOne(t *testing.T) {
	fresh := t.TempDir()
	closeStore(t, open(t, fresh))
	path := filepath.Join(fresh, "redroom.db")
	const schema = `SELECT group_concat(type || ' ' || name || ': ' || coalesce(sql, ''), char(10)) FROM (SELECT * FROM sqlite_schema ORDER BY name)`
	want := ask[string](t, path, schema)
	for version := int64(1); version < currentVersion(t, path); version++ {
		old := older(t, path, version)
		closeStore(t, open(t, filepath.Dir(old)))
		if got := ask[string](t, old, schema); got != want {
			t.Errorf("of version %d it has become\n%s\na new one is\n%s", version, got, want)
		}
	}
}
