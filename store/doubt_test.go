package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"
	"testing"

	"redroom/server/room"
)

// liar is a COMMIT that is done and then told to have failed, as a disk does
// that fails in the wrong moment.
type liar struct{ conn *sql.Conn }

var errLie = errors.New("the disk has failed")

func (l liar) Connect(context.Context) (driver.Conn, error) { return l, nil }
func (l liar) Driver() driver.Driver                        { return nil }
func (l liar) Prepare(string) (driver.Stmt, error)          { return l, nil }
func (l liar) Begin() (driver.Tx, error)                    { return nil, errLie }
func (l liar) Close() error                                 { return nil }
func (l liar) NumInput() int                                { return 0 }
func (l liar) Query([]driver.Value) (driver.Rows, error)    { return nil, errLie }

func (l liar) Exec([]driver.Value) (driver.Result, error) {
	if _, err := l.conn.ExecContext(context.Background(), "COMMIT"); err != nil {
		return nil, err
	}
	return nil, errLie
}

// TestABatchThatWasKeptThoughItsCommitFailedHasItsOutcomes commits it again, as
// the journal does: nothing is applied twice, and each event is told what became
// of it the first time.
func TestABatchThatWasKeptThoughItsCommitFailedHasItsOutcomes(t *testing.T) {
	s := openInside(t)
	furnish(t, s)
	at := room.Stamp{By: "anna"}
	batch := []room.Event{
		post("one", "Hallo"),
		room.UserAdded{Stamp: at, Name: "bert", Display: "Bert", Role: room.Member},
		room.UserAdded{Stamp: at, Name: "anna", Display: "Anna", Role: room.Member},
		room.MessagePosted{Stamp: at, Topic: "t", ID: "two", Kind: room.Redact, Ref: 2},
	}

	lies := sql.OpenDB(liar{s.writer.conn})
	defer lies.Close()
	commit, err := lies.PrepareContext(t.Context(), "COMMIT")
	if err != nil {
		t.Fatal(err)
	}
	s.writer.commit = commit
	if _, err := s.Commit(t.Context(), batch, 8); !errors.Is(err, errLie) {
		t.Fatalf("the first time: %v", err)
	}
	if s.Position() != 4 || s.Head("t").Seq != 1 {
		t.Errorf("after a commit that has failed: position %d, head %d", s.Position(), s.Head("t").Seq)
	}

	outcomes, err := s.Commit(t.Context(), batch, 8)
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	var seqs []int64
	for _, o := range outcomes {
		errs, seqs = append(errs, o.Err), append(seqs, o.Seq)
	}
	if !reflect.DeepEqual(errs, []error{nil, nil, room.ErrNameTaken, nil}) || !reflect.DeepEqual(seqs, []int64{2, 0, 0, 3}) {
		t.Errorf("errors %v, seqs %v", errs, seqs)
	}
	if o := outcomes[3]; o.Message == nil || !o.Redacted {
		t.Errorf("the redaction: %+v", o)
	}
	if trail, err := s.Audit(t.Context(), room.AuditQuery{User: "bert", Limit: 9}); err != nil || len(trail) != 1 || s.AuditHead().Seq != trail[0].Seq {
		t.Errorf("the audit trail has %+v, %v", trail, err)
	}
	if s.Position() != 8 || s.Head("t").Seq != 3 || s.State().User("bert") == nil {
		t.Errorf("position %d, head %d", s.Position(), s.Head("t").Seq)
	}
	if next, err := s.Commit(t.Context(), []room.Event{post("one", "Hallo")}, 9); err != nil || next[0].Seq != 2 || next[0].Message != nil {
		t.Errorf("afterwards: %+v, %v", next, err)
	}
}
