package store

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"redroom/server/room"
)

const (
	extractLength = 160 // characters, about
	extractBefore = 40  // of these before what was found, about
	cut           = "…"
)

// merged are spans in order, those that touch made one.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	var apart []span
	for _, s := range spans {
		if last := len(apart) - 1; last >= 0 && s.from <= apart[last].to {
			apart[last].to = max(apart[last].to, s.to)
			continue
		}
		apart = append(apart, s)
	}
	return apart
}

// extract is what of a text is near the first thing that was found in it, with
// all marked that was found. White space is one blank, or one line break where it
// has any. An ellipsis stands for what was left out, on its own line if the line
// after it is whole.
func extract(text string, found []span) []room.Piece {
	from := 0
	if len(found) > 0 {
		from = found[0].from
	}
	from = back(text, from, extractBefore)
	to := forth(text, from, extractLength)
	var e extracted
	if from > 0 {
		e.add(cut, false)
		if text[from-1] == '\n' {
			e.add("\n", false)
		}
	}
	at := from
	for _, s := range found {
		if s.from >= to {
			break
		}
		e.add(text[at:s.from], false)
		at = min(s.to, to)
		e.add(text[s.from:at], true)
	}
	e.add(text[at:to], false)
	if to < len(text) {
		e.add(cut, false)
	}
	return e.pieces
}

// back is some characters before a place, at a word's beginning if there is one
// near; all of them, if there aren't many more.
func back(text string, at, count int) int {
	from := at
	for range 2 * count {
		_, size := utf8.DecodeLastRuneInString(text[:from])
		from -= size
	}
	if from == 0 {
		return 0
	}
	from = at
	for range count {
		_, size := utf8.DecodeLastRuneInString(text[:from])
		from -= size
	}
	for i, r := range text[from:at] {
		if unicode.IsSpace(r) {
			return from + i + utf8.RuneLen(r)
		}
	}
	return from
}

// forth is some characters after a place, at a word's end if there is one near.
func forth(text string, at, count int) int {
	to, end := at, at
	for n := 0; to < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[to:])
		if unicode.IsSpace(r) && n > count/2 {
			end = to
		}
		if n == count {
			if end > at {
				return end
			}
			return to
		}
		to += size
	}
	return to
}

// extracted makes pieces; white space becomes one character.
type extracted struct {
	pieces []room.Piece
	spaced bool // the last thing was white space
}

func (e *extracted) add(text string, hit bool) {
	var b strings.Builder
	var space rune // that was met since the last letter
	write := func() {
		if space != 0 && !e.spaced {
			b.WriteRune(space)
			e.spaced = true
		}
		space = 0
	}
	for _, r := range text {
		switch {
		case r == '\n':
			space = '\n'
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = cmp.Or(space, ' ')
		default:
			write()
			b.WriteRune(r)
			e.spaced = false
		}
	}
	write()
	if b.Len() == 0 {
		return
	}
	if last := len(e.pieces) - 1; last >= 0 && e.pieces[last].Hit == hit {
		e.pieces[last].Text += b.String()
		return
	}
	e.pieces = append(e.pieces, room.Piece{Text: b.String(), Hit: hit})
}
