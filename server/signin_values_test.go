package server_test

import (
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// valuesIn are all values of all columns, and what is inside of them, as somebody
// could send them; true: a whole one.
func valuesIn(t *testing.T, dir string) (all map[string]bool) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all = make(map[string]bool)
	for _, table := range columnsOf(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'") {
		name := string(table[0])
		if strings.HasPrefix(name, "index_") { // derived from the words of messages
			continue
		}
		for _, row := range columnsOf(t, db, `SELECT * FROM "`+name+`"`) {
			for _, value := range row {
				for i, text := range spellings(value) {
					all[text] = all[text] || i == 0
				}
			}
		}
	}
	delete(all, "")
	if len(all) < 20 {
		t.Fatalf("there are only %d values", len(all))
	}
	return all
}

func columnsOf(t *testing.T, db *sql.DB, query string) (all [][][]byte) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row := make([][]byte, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// spellings are a value as text, whole and in its parts.
func spellings(value []byte) (all []string) {
	text := string(value)
	printable := strings.IndexFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) }) < 0
	if !printable {
		all = append(all, hex.EncodeToString(value), base64url(value))
		for _, part := range [][]byte{value[:min(10, len(value))], value[:min(20, len(value))], value[min(12, len(value)):min(32, len(value))]} {
			all = append(all, crockford.EncodeToString(part))
		}
		return all
	}
	all = append(all, text)
	var inner any
	if json.Unmarshal(value, &inner) == nil {
		all = append(all, leaves(inner)...)
	}
	return append(all, strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("$,=: ", r) })...)
}

func leaves(value any) (all []string) {
	switch value := value.(type) {
	case string:
		return []string{value}
	case map[string]any:
		for _, inner := range value {
			all = append(all, leaves(inner)...)
		}
	case []any:
		for _, inner := range value {
			all = append(all, leaves(inner)...)
		}
	}
	return all
}

// codesOf are the codes of this moment that an app would make if what is stored of
// its secret were that.
func codesOf(t *testing.T, dir string) (codes []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, row := range columnsOf(t, db, "SELECT sealed FROM totp_secrets") {
		sealed := row[0]
		for _, secret := range [][]byte{sealed, sealed[:20], sealed[12:32], sealed[len(sealed)-20:]} {
			a := &app{t: t, secret: base32.StdEncoding.EncodeToString(secret)}
			codes = append(codes, a.next())
		}
	}
	if len(codes) == 0 {
		t.Fatal("nobody has a secret for codes")
	}
	return codes
}
