package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
)

// own is what belongs to a store, and not to the room in it: which life of it this
// is, which copy, and when it was migrated.
var own = struct {
	rows    map[string]string // by table, the condition for them
	columns map[string]string // by table
}{
	rows:    map[string]string{"settings": `name IN ('epoch', 'backup')`},
	columns: map[string]string{"migrations": "tstamp"},
}

// Checksum is by what two copies of a room are compared, such as two stores to
// which the same events were applied up to the same position, in whatever
// batches: the SHA-256 of each table's rows, in the order of their primary key.
// Tables that two copies hold alike have the same one. Only what is a store's
// own is left out: its epoch, the mark of a backup, the times of its migrations,
// and the index, which follows the log when there is time, and of which SQLite
// keeps the same contents in many ways.
//
// path is that of a data directory or of a store's file, and is not changed. A
// running server may have it open; what is read is then as of one Commit.
func Checksum(ctx context.Context, path string) (sums map[string][sha256.Size]byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: computing checksums: %w", err)
		}
	}()
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, fileName)
	}
	stand, err := standing(path)
	if err != nil {
		return nil, err
	}
	db, err := openToVerify(path, stand.logged)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	tables, err := texts(ctx, tx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'index\_%' ESCAPE '\'`)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	sums = make(map[string][sha256.Size]byte, len(tables))
	for _, table := range tables {
		if sums[table], err = tableSum(ctx, tx, table); err != nil {
			return nil, fmt.Errorf("reading table %s: %w", table, err)
		}
	}
	return sums, nil
}

func tableSum(ctx context.Context, tx *sql.Tx, table string) (sum [sha256.Size]byte, err error) {
	columns, err := texts(ctx, tx, `SELECT '"' || name || '"' FROM pragma_table_info(?) WHERE name <> ? ORDER BY cid`, table, own.columns[table])
	if err != nil {
		return sum, err
	}
	key, err := texts(ctx, tx, `SELECT '"' || name || '"' FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, table)
	if err != nil {
		return sum, err
	}
	if len(key) == 0 {
		return sum, errors.New("it has no primary key")
	}
	where := "0"
	if own.rows[table] != "" {
		where = own.rows[table]
	}
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM "%s" WHERE NOT (%s) ORDER BY %s`,
		strings.Join(columns, ", "), table, where, strings.Join(key, ", ")))
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	h := sha256.New()
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return sum, err
		}
		for i, value := range values {
			if err := addValue(h, value); err != nil {
				return sum, fmt.Errorf("column %s: %w", columns[i], err)
			}
		}
	}
	h.Sum(sum[:0])
	return sum, rows.Err()
}

// addValue writes a value so that no other sequence of values reads the same.
func addValue(h hash.Hash, value any) error {
	switch v := value.(type) {
	case nil:
		fmt.Fprint(h, "null,")
	case int64:
		fmt.Fprintf(h, "%d,", v)
	case string:
		fmt.Fprintf(h, "text %d:%s,", len(v), v)
	case []byte:
		fmt.Fprintf(h, "octets %d:%s,", len(v), v)
	default:
		return fmt.Errorf("values of type %T are not expected", v)
	}
	return nil
}

func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
