package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redroom/server/room"
)

// kept is what memory holds of a database.
type kept struct {
	state    *room.State
	logs     map[string]topicLog
	trail    room.Head
	position int64
}

func load(ctx context.Context, conn *sql.Conn) (is kept, err error) {
	if is.state, err = loadState(ctx, conn); err != nil {
		return is, err
	}
	if is.logs, err = loadLogs(ctx, conn); err != nil {
		return is, err
	}
	if is.trail, err = loadTrail(ctx, conn); err != nil {
		return is, err
	}
	if err := conn.QueryRowContext(ctx, pingSQL).Scan(&is.position); err != nil {
		return is, fmt.Errorf("reading the position: %w", err)
	}
	return is, nil
}

func loadState(ctx context.Context, conn *sql.Conn) (*room.State, error) {
	users, err := collect(ctx, conn, "users", `SELECT name, display, role, active, created, version FROM users ORDER BY name`,
		func(u *room.User) []any {
			return []any{&u.Name, &u.Display, &u.Role, &u.Active, &u.Created, &u.Version}
		})
	if err != nil {
		return nil, err
	}
	deals, err := collect(ctx, conn, "deals", `SELECT id, name, open, history, receipts, created, version FROM deals ORDER BY id`,
		func(d *room.Deal) []any {
			return []any{&d.ID, &d.Name, &d.Open, &d.History, &d.Receipts, &d.Created, &d.Version}
		})
	if err != nil {
		return nil, err
	}
	topics, err := collect(ctx, conn, "topics", `SELECT id, deal, title, number, open, created, version, archived, strict, narrowed, direct
FROM topics ORDER BY key`,
		func(t *room.Topic) []any {
			return []any{&t.ID, &t.Deal, &t.Title, &t.Number, &t.Open, &t.Created, &t.Version, &t.Archived, &t.Strict, &t.Narrowed, &t.Direct}
		})
	if err != nil {
		return nil, err
	}
	if err := loadMembers(ctx, conn, deals, topics); err != nil {
		return nil, err
	}
	if err := loadTopicMembers(ctx, conn, topics); err != nil {
		return nil, err
	}
	if err := loadReadingStarts(ctx, conn, topics); err != nil {
		return nil, err
	}
	rules, err := loadRules(ctx, conn)
	if err != nil {
		return nil, err
	}
	return room.NewState(users, deals, topics, rules), nil
}

// loadMembers fills in who and what is in the deals.
func loadMembers(ctx context.Context, conn *sql.Conn, deals []room.Deal, topics []room.Topic) error {
	type member struct {
		deal, user string
		room.Membership
	}
	members, err := collect(ctx, conn, "members", `SELECT deal, user, joined, removed FROM members ORDER BY deal, user`,
		func(m *member) []any { return []any{&m.deal, &m.user, &m.Joined, &m.Left} })
	if err != nil {
		return err
	}
	byID := make(map[string]*room.Deal, len(deals))
	for i := range deals {
		byID[deals[i].ID] = &deals[i]
	}
	for _, m := range members {
		d := byID[m.deal]
		if d.Members == nil {
			d.Members = make(map[string]room.Membership)
		}
		d.Members[m.user] = m.Membership
	}
	for _, t := range topics {
		byID[t.Deal].Topics = append(byID[t.Deal].Topics, t.ID)
	}
	return nil
}

func loadTopicMembers(ctx context.Context, conn *sql.Conn, topics []room.Topic) error {
	type member struct{ topic, user string }
	members, err := collect(ctx, conn, "topics' members",
		`SELECT topics.id, topic_members.user FROM topic_members JOIN topics ON topics.key = topic_members.topic`,
		func(m *member) []any { return []any{&m.topic, &m.user} })
	if err != nil {
		return err
	}
	byID := topicsByID(topics)
	for _, m := range members {
		t := byID[m.topic]
		if t.Members == nil {
			t.Members = make(map[string]struct{})
		}
		t.Members[m.user] = struct{}{}
	}
	return nil
}

func loadReadingStarts(ctx context.Context, conn *sql.Conn, topics []room.Topic) error {
	type start struct {
		topic, user string
		seq         int64
	}
	starts, err := collect(ctx, conn, "reading starts",
		`SELECT topics.id, reading_starts.user, reading_starts.seq FROM reading_starts JOIN topics ON topics.key = reading_starts.topic`,
		func(s *start) []any { return []any{&s.topic, &s.user, &s.seq} })
	if err != nil {
		return err
	}
	byID := topicsByID(topics)
	for _, s := range starts {
		t := byID[s.topic]
		if t.Starts == nil {
			t.Starts = make(map[string]int64)
		}
		t.Starts[s.user] = s.seq
	}
	return nil
}

func topicsByID(topics []room.Topic) map[string]*room.Topic {
	byID := make(map[string]*room.Topic, len(topics))
	for i := range topics {
		byID[topics[i].ID] = &topics[i]
	}
	return byID
}

const newestSQL = `SELECT topics.id, topics.key, coalesce(messages.seq, 0), messages.hash, coalesce(heads.seq, 0), heads.hash FROM topics
LEFT JOIN messages ON messages.topic = topics.key
      AND messages.seq = (SELECT max(seq) FROM messages WHERE topic = topics.key)
LEFT JOIN heads ON heads.topic = topics.key`

// loadLogs refuses to go on with a log that doesn't end where it did: the next
// message would hide that.
func loadLogs(ctx context.Context, conn *sql.Conn) (map[string]topicLog, error) {
	type newest struct {
		topic          string
		key            int64
		seq, headSeq   int64
		hash, headHash []byte
	}
	all, err := collect(ctx, conn, "heads", newestSQL,
		func(n *newest) []any { return []any{&n.topic, &n.key, &n.seq, &n.hash, &n.headSeq, &n.headHash} })
	if err != nil {
		return nil, err
	}
	logs := make(map[string]topicLog, len(all))
	for _, n := range all {
		if n.seq != n.headSeq || !bytes.Equal(n.hash, n.headHash) {
			return nil, fmt.Errorf("the log of topic %s ends at %d, but its head was kept as %d: the file was changed by something else; `redroom verify` says more, `redroom restore` brings a backup back", n.topic, n.seq, n.headSeq)
		}
		log := topicLog{key: n.key, head: room.Head{Hash: room.ChainStart(n.topic)}}
		if n.seq > 0 {
			log.head = room.Head{Seq: n.seq, Hash: room.Hash(n.hash)}
		}
		logs[n.topic] = log
	}
	return logs, nil
}

const newestAuditSQL = `SELECT audit_head.seq, audit_head.hash, coalesce(newest.seq, 0), newest.hash FROM audit_head
LEFT JOIN audit AS newest ON newest.seq = (SELECT max(seq) FROM audit) WHERE audit_head.id = 1`

// loadTrail refuses what loadLogs does.
func loadTrail(ctx context.Context, conn *sql.Conn) (head room.Head, err error) {
	var seq int64
	var headHash, hash []byte
	err = conn.QueryRowContext(ctx, newestAuditSQL).Scan(&head.Seq, &headHash, &seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return head, errors.New("the head of the audit trail is gone: the file was changed by something else; `redroom verify` says more, `redroom restore` brings a backup back")
	}
	if err != nil {
		return head, fmt.Errorf("reading the end of the audit trail: %w", err)
	}
	if start := room.AuditStart(); seq == 0 {
		hash = start[:]
	}
	if seq != head.Seq || !bytes.Equal(hash, headHash) || len(hash) != len(head.Hash) {
		return head, fmt.Errorf("the audit trail ends at %d, but its head was kept as %d: the file was changed by something else; `redroom verify` says more, `redroom restore` brings a backup back", seq, head.Seq)
	}
	head.Hash = room.Hash(hash)
	return head, nil
}

// collect reads all rows of a query; fields are where one row's columns go.
func collect[T any](ctx context.Context, conn *sql.Conn, what, query string, fields func(*T) []any) ([]T, error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", what, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return nil, fmt.Errorf("reading the %s: %w", what, err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the %s: %w", what, err)
	}
	return all, nil
}
