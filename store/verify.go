package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Report is what Verify has found.
type Report struct {
	Path     string        `json:"file"`
	Backup   bool          `json:"backup"`   // it has a backup's last line
	InUse    bool          `json:"inUse"`    // it has a write-ahead log: its structure was not checked
	Version  int           `json:"version"`  // of its tables
	Epoch    string        `json:"epoch"`    // of the store, or of that which the backup is of
	Position int64         `json:"position"` // up to which it has come in the journal
	Octets   int64         `json:"bytes"`
	Messages int64         `json:"messages"`
	Topics   []TopicReport `json:"topics"`
	Audit    *AuditReport  `json:"audit,omitempty"` // nil: the store is of a version without a trail, or couldn't be read
	Faults   []string      `json:"faults"`          // what is wrong with it as a whole
}

// TopicReport is what became of one topic.
type TopicReport struct {
	Deal     string `json:"deal"` // its name
	Title    string `json:"title"`
	ID       string `json:"id"`
	Messages int64  `json:"messages"`
	Redacted int64  `json:"redacted"`        // of these, those whose words were removed
	Fault    *Fault `json:"fault,omitempty"` // the first place that is not as it was written
}

// Fault is a place in a topic's log, or in the audit trail.
type Fault struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"` // after "message SEQ", or "row SEQ"
}

// Broken are the topics with a fault.
func (r *Report) Broken() (broken []TopicReport) {
	for _, t := range r.Topics {
		if t.Fault != nil {
			broken = append(broken, t)
		}
	}
	return broken
}

// OK tells whether all is as it was written.
func (r *Report) OK() bool {
	return len(r.Faults) == 0 && len(r.Broken()) == 0 && (r.Audit == nil || r.Audit.Fault == nil)
}

// Err is nil if all is well, else the first fault.
func (r *Report) Err() error {
	if len(r.Faults) > 0 {
		return fmt.Errorf("%s is damaged: %s", r.Path, r.Faults[0])
	}
	for _, t := range r.Broken() {
		return fmt.Errorf("%s is damaged: %s", r.Path, t)
	}
	if !r.OK() {
		return fmt.Errorf("%s is damaged: %s", r.Path, r.Audit)
	}
	return nil
}

// String is one line.
func (t TopicReport) String() string {
	name := fmt.Sprintf("%s / %s (%s)", t.Deal, t.Title, t.ID)
	switch {
	case t.Fault != nil:
		return fmt.Sprintf("%s: message %d %s", name, t.Fault.Seq, t.Fault.What)
	case t.Redacted > 0:
		return fmt.Sprintf("%s: messages: %d, of these redacted: %d", name, t.Messages, t.Redacted)
	}
	return fmt.Sprintf("%s: messages: %d", name, t.Messages)
}

// Verify computes the chain of each topic, and of the audit trail, from its
// start, and compares it with what is kept; of a file that nobody uses also its structure. path is that of
// a data directory, of a store's file or of a backup, and is not changed. A
// running server has it open: then pages of the log are read one at a time, up
// to the heads of the beginning, and no read is long.
//
// An error means that it could not be checked. What is wrong with it is in the
// report.
func Verify(ctx context.Context, path string) (_ *Report, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: verifying: %w", err)
		}
	}()
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, fileName)
	}
	before, err := standing(path)
	if err != nil {
		return nil, err
	}
	r, err := verifyFile(ctx, path, before.logged)
	if before.logged || err == nil && r.OK() {
		return r, err
	}
	// A server that was started meanwhile changes pages that are read as if
	// nobody did.
	if after, failed := standing(path); failed == nil && after != before {
		return verifyFile(ctx, path, true)
	}
	return r, err
}

// stand is a file as it was found.
type stand struct {
	size, changed int64
	logged        bool // there is a write-ahead log beside it
}

func standing(path string) (s stand, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("there is no %s", path)
	}
	if err != nil {
		return s, err
	}
	_, err = os.Stat(path + "-wal")
	return stand{info.Size(), info.ModTime().UnixNano(), err == nil}, nil
}

func verifyFile(ctx context.Context, path string, inUse bool) (*Report, error) {
	h, err := readHeader(path)
	if err != nil {
		return nil, err
	}
	known, err := knownVersion()
	if err != nil {
		return nil, err
	}
	r := &Report{Path: path, InUse: inUse, Version: h.version, Octets: h.size, Topics: []TopicReport{}, Faults: []string{}}
	if !inUse {
		var fault string
		if r.Backup, fault, err = checkOctets(path, h); err != nil {
			return nil, err
		}
		if fault != "" {
			r.Faults = append(r.Faults, fault)
			if !r.Backup {
				return r, nil
			}
		}
	}
	if h.version > known {
		return nil, fmt.Errorf("%s has version %d and this redroom knows %d; use a newer redroom", path, h.version, known)
	}
	if err := r.readAll(ctx, path); err != nil {
		return nil, err
	}
	return r, nil
}

// readAll checks the structure and the chains side by side.
func (r *Report) readAll(ctx context.Context, path string) error {
	var structure, rest []string
	g, ctx := errgroup.WithContext(ctx)
	if !r.InUse {
		g.Go(func() (err error) {
			structure, err = onDB(ctx, path, r.InUse, checkStructure)
			return err
		})
	}
	g.Go(func() (err error) {
		rest, err = onDB(ctx, path, r.InUse, r.checkIdentity, r.checkChains, r.checkAudit)
		return err
	})
	err := g.Wait()
	r.Faults = append(append(r.Faults, structure...), rest...)
	return err
}

// onDB runs checks on a connection of their own. One that can't read what it
// wants to has found a fault.
func onDB(ctx context.Context, path string, inUse bool, checks ...func(context.Context, *sql.DB) ([]string, error)) (faults []string, err error) {
	db, err := openToVerify(path, inUse)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, check := range checks {
		found, err := check(ctx, db)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		faults = append(faults, found...)
		if err != nil {
			faults = append(faults, fmt.Sprintf("it can't be read: %v", err))
		}
	}
	return faults, nil
}

// openToVerify opens a file that nobody uses without locks, so that nothing is
// put beside it.
func openToVerify(path string, inUse bool) (*sql.DB, error) {
	dsn, err := dataSource(path, []string{"busy_timeout(5000)", "query_only(ON)", "temp_store(MEMORY)", "cache_size(-8192)"})
	if err != nil {
		return nil, err
	}
	if !inUse {
		dsn += "&mode=ro&immutable=1"
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// checkIdentity reads what the store is.
func (r *Report) checkIdentity(ctx context.Context, db *sql.DB) (faults []string, err error) {
	if err := db.QueryRowContext(ctx, pingSQL).Scan(&r.Position); err != nil {
		return nil, fmt.Errorf("reading the position: %w", err)
	}
	var marked bool
	err = db.QueryRowContext(ctx, `SELECT value, EXISTS (SELECT 1 FROM settings WHERE name = 'backup') FROM settings WHERE name = 'epoch'`).Scan(&r.Epoch, &marked)
	if err != nil {
		return nil, fmt.Errorf("reading the epoch: %w", err)
	}
	if marked && !r.Backup && !r.InUse {
		faults = append(faults, "it is a backup that was cut off: its last line, which vouches for the rest, is missing")
	}
	return faults, nil
}

// maxFaults is how many faults of the structure are told.
const maxFaults = 10

// checkStructure takes long: nobody may wait for it.
func checkStructure(ctx context.Context, db *sql.DB) (faults []string, err error) {
	lines, err := column(ctx, db, fmt.Sprintf(`PRAGMA integrity_check(%d)`, maxFaults))
	if err != nil {
		return nil, fmt.Errorf("checking the structure: %w", err)
	}
	for _, line := range lines {
		if line != "ok" {
			faults = append(faults, "SQLite says of its structure: "+strings.ReplaceAll(strings.TrimSpace(line), "\n", "; "))
		}
	}
	lines, err = column(ctx, db, `SELECT count(*) || ' rows of ' || "table" || ' refer to ' || parent || ' that do not exist'
FROM pragma_foreign_key_check GROUP BY "table", parent`)
	if err != nil {
		return faults, fmt.Errorf("checking the references: %w", err)
	}
	return append(faults, lines...), nil
}

// column reads a query's one column.
func column(ctx context.Context, db *sql.DB, query string) (lines []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
