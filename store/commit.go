package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redroom/server/room"
)

// Commit applies a batch in one transaction and stores position, that of its
// last event, with it. The outcomes are those of the events, in order. An
// error means that nothing of the batch is kept, as far as the database can
// tell; one that came from the commit itself may be wrong about that, which is
// why the same batch has to be committed again, under the same position: it is
// then applied, or was, and its outcomes are the same. A context that ends does
// not interrupt a batch that was begun.
func (s *Store) Commit(ctx context.Context, batch []room.Event, position int64) ([]room.Outcome, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("store: committing: %w", err)
	}
	ctx = context.WithoutCancel(ctx)

	w, err := s.ready(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: getting ready to commit: %w", err)
	}
	if d := s.doubt; d != nil && d.position == position && s.Position() == position {
		s.doubt = nil
		s.wake()
		if d.redacted {
			s.sweep(ctx)
		}
		return d.outcomes, nil
	}
	tx := &transaction{writer: w, state: s.State(), known: &s.logs, changed: make(map[string]topicLog), trail: s.AuditHead()}
	outcomes, err := tx.run(ctx, batch, position)
	if tx.damaged != nil {
		s.tellDamaged(tx.damaged) // even if it can't be said whether this was kept
	}
	if err != nil {
		if outcomes != nil {
			s.doubt = &doubt{position, outcomes, tx.redacted}
		}
		s.writer = nil
		w.rollback.ExecContext(ctx) // may be over already; discard sees to it
		w.discard()
		return nil, fmt.Errorf("store: committing %d events up to position %d: %w", len(batch), position, err)
	}
	s.doubt = nil
	s.publish(tx.state, tx.changed, tx.trail, position)
	s.commits.Add(1)
	if len(tx.changed) > 0 {
		s.wake()
	}
	if tx.redacted {
		s.sweep(ctx)
	}
	return outcomes, nil
}

// doubt is a batch whose commit has failed, which may have been kept.
type doubt struct {
	position int64
	outcomes []room.Outcome
	redacted bool
}

// transaction is a batch under way: the room and the heads as they will be
// when it is committed. It is dropped when it fails.
//
// A method that applies an event returns a *room.Error to refuse it, and does
// so before its first write; any other error ends the transaction.
type transaction struct {
	*writer
	state    *room.State
	known    *logs               // committed
	changed  map[string]topicLog // in this batch
	trail    room.Head           // of the audit trail
	audited  bool                // it was added to
	redacted bool                // words were removed
	linked   bool                // the event under way has linked an account to the provider's
	damaged  error               // of the index, which was emptied
}

// run gives outcomes and an error only if it was the commit itself that has
// failed.
func (tx *transaction) run(ctx context.Context, batch []room.Event, position int64) ([]room.Outcome, error) {
	if _, err := tx.begin.ExecContext(ctx); err != nil {
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	outcomes := make([]room.Outcome, len(batch))
	for i, ev := range batch {
		before := tx.state
		tx.linked = false
		outcome, err := tx.apply(ctx, ev)
		if err == nil {
			err = tx.audit(ctx, ev, before, outcome)
		}
		var refusal *room.Error
		switch {
		case errors.As(err, &refusal):
			outcome = room.Outcome{Err: refusal}
		case err != nil:
			return nil, err
		}
		outcomes[i] = outcome
	}
	for _, log := range tx.changed {
		if log.head.Seq == 0 {
			continue
		}
		if _, err := tx.moveHead.ExecContext(ctx, log.key, log.head.Seq, log.head.Hash[:]); err != nil {
			return nil, fmt.Errorf("storing a head: %w", err)
		}
	}
	if tx.audited {
		if _, err := tx.moveTrail.ExecContext(ctx, tx.trail.Seq, tx.trail.Hash[:]); err != nil {
			return nil, fmt.Errorf("storing the audit trail's head: %w", err)
		}
	}
	if _, err := tx.setPosition.ExecContext(ctx, position); err != nil {
		return nil, fmt.Errorf("storing the position: %w", err)
	}
	if _, err := tx.commit.ExecContext(ctx); err != nil {
		return outcomes, fmt.Errorf("committing: %w", err)
	}
	return outcomes, nil
}

// apply is the table of events. Whoever's sign-in has ended does nothing in it.
func (tx *transaction) apply(ctx context.Context, ev room.Event) (room.Outcome, error) {
	if err := tx.checkSession(ctx, ev.Stamped()); err != nil {
		return room.Outcome{}, err
	}
	if err := tx.checkActing(ev); err != nil {
		return room.Outcome{}, err
	}
	switch ev := ev.(type) {
	case room.MessagePosted:
		return tx.messagePosted(ctx, ev)
	case room.TopicRead:
		return tx.topicRead(ctx, ev)

	case room.SetupOffered:
		return room.Outcome{}, tx.setupOffered(ctx, ev)
	case room.AdminClaimed:
		return room.Outcome{}, tx.adminClaimed(ctx, ev)
	case room.UserAdded:
		return room.Outcome{}, tx.userAdded(ctx, ev)
	case room.UserChanged:
		return tx.userChanged(ctx, ev)
	case room.PasswordChanged:
		return tx.passwordChanged(ctx, ev)
	case room.PasswordRehashed:
		return room.Outcome{}, tx.passwordRehashed(ctx, ev)
	case room.SignInRulesChanged:
		return tx.rulesChanged(ctx, ev)
	case room.Vouched:
		return tx.vouched(ctx, ev)

	case room.TOTPSet:
		return tx.totpSet(ctx, ev)
	case room.TOTPRemoved:
		return room.Outcome{}, tx.totpRemoved(ctx, ev)
	case room.PasskeyAdded:
		return tx.passkeyAdded(ctx, ev)
	case room.PasskeyRemoved:
		return room.Outcome{}, tx.passkeyRemoved(ctx, ev)
	case room.RecoveryCodesMade:
		return room.Outcome{}, tx.recoveryCodesMade(ctx, ev)
	case room.FactorsRemoved:
		return tx.factorsRemoved(ctx, ev)

	case room.ToolTokenMade:
		return room.Outcome{}, tx.toolTokenMade(ctx, ev)
	case room.ToolTokenRevoked:
		return tx.toolTokenRevoked(ctx, ev)
	case room.ToolTokenUsed:
		return room.Outcome{}, tx.toolTokenUsed(ctx, ev)

	case room.SessionOpened:
		return tx.sessionOpened(ctx, ev)
	case room.Proved:
		return room.Outcome{}, tx.proved(ctx, ev)
	case room.SessionUsed:
		return room.Outcome{}, tx.sessionUsed(ctx, ev)
	case room.SessionEnded:
		return tx.sessionEnded(ctx, ev)
	case room.SessionsEnded:
		return tx.sessionsEnded(ctx, ev)

	case room.InvitationMade:
		return room.Outcome{}, tx.invitationMade(ctx, ev)
	case room.InvitationAccepted:
		return tx.invitationAccepted(ctx, ev)

	case room.DealCreated:
		return room.Outcome{}, tx.dealCreated(ctx, ev)
	case room.DealChanged:
		return room.Outcome{}, tx.dealChanged(ctx, ev)
	case room.MemberAdded:
		return room.Outcome{}, tx.changeMember(ctx, ev, ev.Deal, ev.User)
	case room.MemberRemoved:
		return room.Outcome{}, tx.changeMember(ctx, ev, ev.Deal, ev.User)
	case room.MemberMoved:
		return room.Outcome{}, tx.changeMember(ctx, ev, ev.Deal, ev.User)
	case room.TopicCreated:
		return room.Outcome{}, tx.createTopic(ctx, ev, ev.ID)
	case room.DirectCreated:
		return room.Outcome{}, tx.createTopic(ctx, ev, ev.ID)
	case room.TopicChanged:
		return room.Outcome{}, tx.changeTopic(ctx, ev, ev.ID)
	case room.TopicMemberAdded:
		return room.Outcome{}, tx.changeTopic(ctx, ev, ev.Topic)
	case room.TopicMemberRemoved:
		return room.Outcome{}, tx.changeTopic(ctx, ev, ev.Topic)
	case room.ReaderMoved:
		return room.Outcome{}, tx.changeTopic(ctx, ev, ev.Topic)

	case room.PeerIntroduced:
		_, err := tx.seen(ev.Stamp).Apply(ev, tx.headSeq)
		return room.Outcome{}, err
	case room.Noted:
		_, err := tx.state.Apply(ev, tx.headSeq)
		return room.Outcome{}, err
	}
	return room.Outcome{}, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("The store knows no event of type %T.", ev))
}

// log is a topic's, as the batch has left it so far.
func (tx *transaction) log(topic string) topicLog {
	if l, ok := tx.changed[topic]; ok {
		return l
	}
	l, _ := tx.known.get(topic)
	return l
}

func (tx *transaction) headSeq(topic string) int64 { return tx.log(topic).head.Seq }

// exec changes rows; doing says what for.
func (tx *transaction) exec(ctx context.Context, doing, query string, args ...any) error {
	if _, err := tx.conn.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// execOne changes the one row that a query is about; where there is none it is
// refused with none.
func (tx *transaction) execOne(ctx context.Context, doing string, none *room.Error, query string, args ...any) error {
	result, err := tx.conn.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	changed, err := result.RowsAffected()
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	case changed == 0:
		return none
	}
	return nil
}

// find reads one row and tells whether there is one.
func (tx *transaction) find(ctx context.Context, doing, query string, args []any, into ...any) (bool, error) {
	err := tx.conn.QueryRowContext(ctx, query, args...).Scan(into...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	return true, nil
}

// texts reads a column of text.
func (tx *transaction) texts(ctx context.Context, doing, query string, args ...any) ([]string, error) {
	rows, err := tx.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return all, nil
}

// orNull is s, and NULL where there is none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
