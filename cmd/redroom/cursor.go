package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"redroom/server/client"
	"redroom/server/room"
)

// cursor is a file that says up to where a topic was read, and proves it.
type cursor struct {
	path string // "": it is not kept

	Topic string `json:"topic"`
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
	Hash  string `json:"hash"` // of the chain there
}

// openCursor reads a cursor. There need not be one; then its Seq is 0.
func openCursor(path string) (*cursor, error) {
	c := &cursor{path: path}
	if path == "" {
		return c, nil
	}
	octets, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(path))
		octets = []byte("{}")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the cursor: %w", err)
	}
	err = json.Unmarshal(octets, c)
	if _, ok := room.ParseHash(c.Hash); err != nil || c.Seq < 0 || c.Seq > 0 && (!ok || c.Epoch == "" || c.Topic == "") {
		return nil, fmt.Errorf("%s is no cursor of redroom read; name another file with --cursor", path)
	}
	return c, nil
}

// of says whose cursor it is to be.
func (c *cursor) of(topic string) error {
	if c.Topic != "" && c.Topic != topic {
		return fmt.Errorf("%s is the cursor of another topic, %s; name another file with --cursor", c.path, c.Topic)
	}
	c.Topic = topic
	return nil
}

// proof shows what was read; nil: nothing was.
func (c *cursor) proof() *client.Proof {
	hash, ok := room.ParseHash(c.Hash)
	if !ok {
		return nil
	}
	return &client.Proof{Epoch: c.Epoch, Hash: hash}
}

// save keeps it, as a whole or not at all.
func (c *cursor) save(epoch string, at room.Head) (err error) {
	if c.path == "" || at.Seq == c.Seq && epoch == c.Epoch {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping the cursor: %w", err)
		}
	}()
	c.Epoch, c.Seq, c.Hash = epoch, at.Seq, at.Hash.String()
	octets, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(c.path), "."+filepath.Base(c.path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // unless it was renamed
	_, err = file.Write(append(octets, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.path)
}
