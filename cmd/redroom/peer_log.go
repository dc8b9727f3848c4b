package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// peerLog is the file in which is kept what was said with peers, for whoever wants
// that: a JSON object a line.
type peerLog struct{ file *os.File }

// openPeerLog opens the file at path; "": nothing is kept, and there is none.
func openPeerLog(path string) (*peerLog, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--log: %w", err)
	}
	l := &peerLog{file}
	if err := l.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("--log: %w", err), file.Close())
	}
	return l, nil
}

// begin refuses a file that others can read, and ends a line that was cut off.
func (l *peerLog) begin() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	// Windows has no such bits; there the directory's access list protects.
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s can be read by others (mode %04o): close it with chmod 600", l.file.Name(), mode.Perm())
	}
	var last [1]byte
	if _, err := l.file.ReadAt(last[:], info.Size()-1); info.Size() == 0 || err != nil || last[0] == '\n' {
		return nil // a pipe or a device has no end to look at
	}
	_, err = io.WriteString(l.file, "\n")
	return err
}

// add keeps something that was said, on the disk.
func (l *peerLog) add(at time.Time, from, to, text string) error {
	if l == nil {
		return nil
	}
	line, err := json.Marshal(struct {
		Time string `json:"time"`
		From string `json:"from"`
		To   string `json:"to"`
		Text string `json:"text"`
	}{at.UTC().Format("2006-01-02T15:04:05.000Z"), from, to, text})
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("keeping it in --log: %w", err)
	}
	return nil
}

func (l *peerLog) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
