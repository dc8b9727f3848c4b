package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// transcript is a program's copy of a topic, in a file, a message a line. What
// is redacted loses its words there as well, and what is free then is blank.
type transcript struct {
	path, topic string

	mu   sync.Mutex
	file *os.File
	size int64
	all  []copiedMessage
}

// copiedMessage is a message with the chain's value there.
type copiedMessage struct {
	room.Message
	Body  string // in place of the Message's
	Hash  string
	Epoch string

	offset int64 // of its line
	length int
}

// openTranscript reads the copy that is there, but for what a kill has cut off.
func openTranscript(path, topic string) (*transcript, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	tr := &transcript{path: path, topic: topic, file: file}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		m := copiedMessage{offset: tr.size, length: len(line)}
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		tr.all = append(tr.all, m)
		tr.size += int64(len(line))
	}
	if err := file.Truncate(tr.size); err != nil {
		return nil, err
	}
	for _, m := range tr.all {
		if err := tr.forget(m.Message); err != nil {
			return nil, err
		}
	}
	return tr, nil
}

func (tr *transcript) close() error { return tr.file.Close() }

// at is where the copy ends.
func (tr *transcript) at() (after int64, proof *client.Proof) {
	if len(tr.all) == 0 {
		return 0, nil
	}
	last := tr.all[len(tr.all)-1]
	hash, _ := room.ParseHash(last.Hash)
	return last.Seq, &client.Proof{Epoch: last.Epoch, Hash: hash}
}

// add puts a message at the end.
func (tr *transcript) add(m room.Message, epoch string) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	before := room.ChainStart(tr.topic)
	if n := len(tr.all); n > 0 {
		before, _ = room.ParseHash(tr.all[n-1].Hash)
	}
	if want := int64(len(tr.all)) + 1; m.Seq != want {
		return fmt.Errorf("%s: message %d came, and not %d", tr.path, m.Seq, want)
	}
	added := copiedMessage{Message: m, Body: string(m.Body), Hash: room.ChainNext(before, &m, m.Length, m.Digest).String(), Epoch: epoch, offset: tr.size}
	added.Message.Body = nil
	line, err := json.Marshal(added)
	if err != nil {
		return err
	}
	added.length = len(line) + 1
	tr.all = append(tr.all, added)
	tr.size += int64(added.length)
	if _, err := tr.file.WriteAt(append(line, '\n'), added.offset); err != nil {
		return err
	}
	return tr.forget(m)
}

// forget takes away the words of what a redaction speaks of, and of all its
// edits.
func (tr *transcript) forget(m room.Message) error {
	if m.Kind != room.Redact {
		return nil
	}
	original := m.Ref
	if meant := tr.all[m.Ref-1]; meant.Kind == room.Edit {
		original = meant.Ref
	}
	for i := range tr.all {
		h := &tr.all[i]
		if h.Redacted || h.Seq != original && (h.Kind != room.Edit || h.Ref != original) {
			continue
		}
		h.Redacted, h.Body, h.Salt = true, "", room.Salt{}
		line, err := json.Marshal(h)
		if err != nil {
			return err
		}
		blank := bytes.Repeat([]byte(" "), h.length-1-len(line))
		if _, err := tr.file.WriteAt(append(line, blank...), h.offset); err != nil {
			return err
		}
	}
	return nil
}

// choose makes of a post, at times, something that speaks of what is there.
func (tr *transcript) choose(chance *rand.Rand, author string, admin bool, p *client.Post) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if chance.IntN(10) == 0 {
		p.Kind, p.Body = room.Report, `"`+p.Body+`"`
		return
	}
	if len(tr.all) == 0 {
		return
	}
	h := tr.all[chance.IntN(len(tr.all))]
	for range 20 { // mostly one's own
		if h.Author == author {
			break
		}
		h = tr.all[chance.IntN(len(tr.all))]
	}
	own, words := h.Author == author, h.Kind == room.Text || h.Kind == room.Report
	// By its words is how a surfer's post is found again.
	admin = admin && !strings.HasPrefix(h.Author, surferPrefix)
	switch n := chance.IntN(100); {
	case n < 20 && own && words: // what was redacted a moment ago too
		p.Kind, p.Ref = room.Edit, h.Seq
		if h.Kind == room.Report {
			p.Body = `"` + p.Body + `"`
		}
	case n < 35 && (own || admin) && (words || h.Kind == room.Edit) && !h.Redacted:
		p.Kind, p.Ref = room.Redact, h.Seq
	case n < 50:
		p.Ref = h.Seq
	}
}

// frames are the messages as frames.
func (tr *transcript) frames() (all []servertest.Frame) {
	for _, h := range tr.all {
		ref := ""
		if h.Ref > 0 {
			ref = fmt.Sprint(h.Ref)
		}
		fields := []string{fmt.Sprint(h.Seq), h.Author, fmt.Sprint(h.At), string(h.Kind), ref}
		if h.Redacted {
			fields = append(fields, "", fmt.Sprintf("redacted=%d", h.Length), "digest="+h.Digest.String())
		} else {
			fields = append(fields, h.Salt.String())
		}
		all = append(all, servertest.NewMessage(h.Body, fields...))
	}
	return all
}
