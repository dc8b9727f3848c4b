package bench

import (
	"strings"
	"testing"
	"time"
)

// What is compared is written with the same care.
func TestBareSQLiteHasTheStoresPragmas(t *testing.T) {
	bare, err := openBareSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer bare.close()
	real, err := openRealStore(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer real.close()
	for _, pragma := range barePragmas {
		name, _, _ := strings.Cut(pragma, "(")
		var got string
		if err := bare.conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil {
			t.Fatal(err)
		}
		want, err := real.store.WriterPragma(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, and the store's %s", name, got, want)
		}
	}
}

func TestRowsAreCounted(t *testing.T) {
	for _, size := range batchSizes {
		bare, err := openBareSQLite(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		real, err := openRealStore(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		const d = 50 * time.Millisecond
		for name, c := range map[string]committer{"bare SQLite": bare, "the store": real} {
			rows, err := measureRows(t.Context(), c, size, d)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if rows.PerSecond <= 0 {
				t.Errorf("%s: %+v", name, rows)
			}
		}
		var n int64
		if err := bare.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM messages").Scan(&n); err != nil || n != bare.seq || n%int64(size) != 0 {
			t.Errorf("bare SQLite has %d rows of %d, %v", n, bare.seq, err)
		}
		if head := real.store.Head(benchTopic).Seq; head == 0 || head%int64(size) != 0 {
			t.Errorf("the store has %d messages", head)
		}
		if err := bare.close(); err != nil {
			t.Error(err)
		}
		if err := real.close(); err != nil {
			t.Error(err)
		}
	}
}
