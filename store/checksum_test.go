package store_test

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redroom/server/room"
	"redroom/store"
)

// TestChecksumIsOfEverything changes one value after the other, whatever tables
// and columns there are but for the index, and wants each to give another checksum of its table,
// and of no other one.
func TestChecksumIsOfEverything(t *testing.T) {
	whole := writtenStore(t)
	s := open(t, filepath.Dir(whole))
	applied(t, s,
		session("bert", "s1", tokenOne),
		room.InvitationMade{Stamp: by("anna"), Token: tokenTwo, Deals: []string{dealOne}, Role: room.Member, Expires: start},
		room.TopicCreated{Stamp: by("anna"), ID: "narrowed", Deal: dealOne, Title: "Narrowed", Narrowed: true, Members: []string{"bert"}},
		text("anna", topicThree, "1", "before"),
		room.MemberAdded{Stamp: by("anna"), Deal: dealTwo, User: "bert"},
		room.TopicRead{Stamp: by("bert"), Topic: topicOne, Seq: 2},
		room.SignInRulesChanged{Stamp: by("anna"), Provider: ptr(companySignIn)},
		room.Vouched{Stamp: by("bert"), Rules: 2, Issuer: companySignIn.Issuer, Subject: "4711", User: "bert", Match: true},
		room.TOTPSet{Stamp: by("bert"), User: "bert", Sealed: []byte("sealed"), Codes: []room.TokenHash{tokenThree}},
		room.PasskeyAdded{Stamp: by("bert"), User: "bert", ID: []byte("key"), Label: "Key", Credential: []byte("{}")},
		room.ToolTokenMade{Stamp: by("bert"), ID: "tool", Token: tokenThree, User: "bert", Label: "Feed", Role: room.Observer, Expires: start + 1},
		session("bert", "s2", tokenThree))
	closeStore(t, s)
	execute(t, whole, `INSERT INTO settings (name, value) VALUES ('setup_token', 'of before there was an admin')`)
	sums, err := store.Checksum(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, whole)
	if again, err := store.Checksum(t.Context(), copyFile(t, whole)); err != nil || !maps.Equal(again, sums) {
		t.Fatalf("a copy has others: %v", err)
	}
	// These differ between two copies of a room, and nothing else may.
	own := map[string]bool{"migrations.tstamp": true, "settings of the epoch": true}
	db := database(t, filepath.Dir(whole))
	tables := column(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'index\_%' ESCAPE '\'`)
	if len(tables) != len(sums) {
		t.Errorf("there are checksums of %q, and tables %q", slices.Sorted(maps.Keys(sums)), tables)
	}
	type value struct{ table, column, where, as string }
	var values []value
	for _, table := range tables {
		if n := column(t, db, `SELECT count(*) FROM `+table)[0]; n == "0" {
			t.Errorf("no row of %s is tested", table)
		}
		for _, name := range column(t, db, `SELECT name FROM pragma_table_info(?)`, table) {
			values = append(values, value{table, name, "1", table + "." + name})
		}
	}
	values = append(values, value{"settings", "value", "name = 'epoch'", "settings of the epoch"})
	db.Close()
	for _, v := range values {
		path := copyFile(t, whole)
		where := v.where
		if v.table == "settings" && where == "1" {
			where = "name <> 'epoch'"
		}
		key := ask[string](t, path, fmt.Sprintf(`SELECT group_concat('"' || name || '"') FROM pragma_table_info('%s') WHERE pk > 0`, v.table))
		execute(t, path, `PRAGMA ignore_check_constraints = ON; `+fmt.Sprintf(`UPDATE %s SET "%s" = CASE typeof("%[2]s")
WHEN 'integer' THEN "%[2]s" + 1000 WHEN 'real' THEN "%[2]s" + 1 WHEN 'text' THEN "%[2]s" || 'x' WHEN 'blob' THEN x'00'
ELSE (SELECT CASE type WHEN 'TEXT' THEN 'x' WHEN 'BLOB' THEN x'00' ELSE 1 END FROM pragma_table_info('%[1]s') WHERE name = '%[2]s') END
WHERE (%[4]s) IN (SELECT %[4]s FROM %[1]s WHERE %[3]s LIMIT 1)`, v.table, v.column, where, key))
		got, err := store.Checksum(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		for table := range sums {
			if changed, want := got[table] != sums[table], table == v.table && !own[v.as]; changed != want {
				t.Errorf("when %s was changed, the checksum of %s is another: %t, want %t", v.as, table, changed, want)
			}
		}
	}
	if !bytes.Equal(content, read(t, whole)) {
		t.Error("the store was changed")
	}
}

func TestChecksumTellsValuesApart(t *testing.T) {
	path := writtenStore(t)
	before, err := store.Checksum(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, `UPDATE audit SET action = action || substr(user, 1, 1), user = substr(user, 2) WHERE user <> ''`)
	if after, err := store.Checksum(t.Context(), path); err != nil || after["audit"] == before["audit"] {
		t.Errorf("letters that move to the column before aren't seen: %v", err)
	}
}

func TestChecksumOfAStoreThatIsOpen(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, written()...)
	open, err := store.Checksum(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	closed, err := store.Checksum(t.Context(), dir)
	if err != nil || !maps.Equal(open, closed) {
		t.Errorf("it is another one when it's closed: %v", err)
	}
	if _, err := store.Checksum(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("of no store: %v", err)
	}
}
