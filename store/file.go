package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
)

// header is what a file says of itself in its first 100 octets, without
// SQLite (https://www.sqlite.org/fileformat2.html section 1.3).
type header struct {
	size    int64 // octets of the file
	octets  int64 // of its pages
	version int   // of the tables
	logged  bool  // it is used with a write-ahead log
}

const (
	headerLength = 100
	headerMagic  = "SQLite format 3\x00"
)

// readHeader fails if the file isn't Red Room's.
func readHeader(path string) (h header, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, fmt.Errorf("there is no %s", path)
	}
	if err != nil {
		return h, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return h, err
	}
	if info.IsDir() {
		return h, fmt.Errorf("%s is a directory", path)
	}
	b := make([]byte, headerLength)
	n, err := io.ReadFull(f, b)
	switch {
	case errors.Is(err, io.EOF):
		return h, fmt.Errorf("%s is empty", path)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return h, fmt.Errorf("reading %s: %w", path, err)
	case !bytes.HasPrefix(b, []byte(headerMagic)[:min(n, len(headerMagic))]):
		return h, fmt.Errorf("%s is not a store of Red Room's, nor a backup of one", path)
	case err != nil:
		return h, fmt.Errorf("%s was cut off: it ends after %d octets", path, n)
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint32(b[at:])) }
	if number(68) != applicationID {
		return h, fmt.Errorf("%s is a database, but not Red Room's", path)
	}
	page := int64(binary.BigEndian.Uint16(b[16:]))
	if page == 1 {
		page = 1 << 16
	}
	if page < 512 || page&(page-1) != 0 {
		return h, fmt.Errorf("%s is damaged: pages of %d octets can't be", path, page)
	}
	h = header{size: info.Size(), version: int(number(60)), logged: b[18] != 1}
	if h.octets = number(28) * page; number(24) != number(92) || h.octets == 0 {
		h.octets = h.size / page * page // the header doesn't know
	}
	return h, nil
}

// knownVersion is that of the newest migration.
func knownVersion() (newest int, err error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	for _, e := range entries {
		number, _, _ := strings.Cut(path.Base(e.Name()), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return 0, fmt.Errorf("reading the migrations: %s has no number: %w", e.Name(), err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// checkOctets finds what can be found without SQLite: whether the file is what
// a backup's last line vouches for, and whether it was cut or has anything else
// behind its pages. It tells whether there is such a line, and what is wrong;
// "": nothing is.
func checkOctets(path string, h header) (backup bool, fault string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, "", err
	}
	defer f.Close()
	end := make([]byte, min(maxTrailer, h.size))
	if _, err := f.ReadAt(end, h.size-int64(len(end))); err != nil {
		return false, "", fmt.Errorf("reading %s: %w", path, err)
	}
	if at := bytes.LastIndex(end, []byte(trailerMark)); at >= 0 {
		if t, ok := parseTrailer(string(end[at:])); ok {
			fault, err := t.check(io.NewSectionReader(f, 0, h.size-int64(len(end)-at)))
			return true, fault, err
		}
	}
	switch rest := h.size - h.octets; {
	case rest < 0:
		return false, fmt.Sprintf("it was cut off: of its pages' %d octets %d are there", h.octets, h.size), nil
	case rest > 0:
		return false, fmt.Sprintf("behind its pages it has %d octets that are not a backup's whole last line: it was cut off or changed", rest), nil
	}
	return false, "", nil
}

// check compares the line with what it vouches for.
func (t trailer) check(content io.Reader) (fault string, err error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return "", fmt.Errorf("reading a backup: %w", err)
	}
	if !t.vouches(sum) {
		return "it was changed after it had been written: its SHA-256 is another one than its last line says", nil
	}
	return "", nil
}

// vouches tells whether this is the line of what came before.
func (t trailer) vouches(before hash.Hash) bool {
	found := trailer{position: t.position}
	found.seal(before)
	return found == t
}

// trailer is the line behind a backup's last page, where SQLite doesn't look:
//
//	redroom-backup-1 POSITION sha256 HEX
//
// HEX being the SHA-256 of all octets before it, those of its own line too.
type trailer struct {
	position int64
	sum      [sha256.Size]byte
}

const (
	trailerMark = "redroom-backup-"
	maxTrailer  = 128
)

// opening is the line up to HEX.
func (t trailer) opening() string { return fmt.Sprintf(trailerMark+"1 %d sha256 ", t.position) }

// String is the whole line, with its LF.
func (t trailer) String() string { return fmt.Sprintf("%s%x\n", t.opening(), t.sum) }

// seal fills in the sum of what came before and of the line itself.
func (t *trailer) seal(before hash.Hash) {
	io.WriteString(before, t.opening()) // a hash never fails
	before.Sum(t.sum[:0])
}

// parseTrailer reads what String writes, and nothing else.
func parseTrailer(line string) (t trailer, ok bool) {
	var sum []byte
	if _, err := fmt.Sscanf(line, trailerMark+"1 %d sha256 %x\n", &t.position, &sum); err != nil || len(sum) != len(t.sum) {
		return t, false
	}
	copy(t.sum[:], sum)
	return t, t.String() == line
}
