package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

// gap stands before, between and behind words in folded text.
const gap = "__"

// folded is a text as it is searched: its words, that is letters and digits in a
// row, in lower case and without diacritics, with gaps around them. Text without
// words is empty.
type folded struct {
	text strings.Builder
	// from and to are, for each octet of text, where in the original begins and
	// ends what it stands for; only if they are asked for. Those of gaps are not
	// used.
	from, to []int32
	traced   bool
	inWord   bool
}

func fold(s string) string {
	var f folded
	f.text.Grow(len(s) + len(s)/4 + 2*len(gap))
	f.add(s)
	return f.text.String()
}

// foldTraced is fold for who wants to find the way back.
func foldTraced(s string) (text string, from, to []int32) {
	f := folded{traced: true}
	f.add(s)
	return f.text.String(), f.from, f.to
}

func (f *folded) add(s string) {
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		f.addRune(s[at:at+size], r, at, at+size)
		at += size
	}
	if f.text.Len() > 0 {
		f.write(gap, 0, 0)
	}
}

func (f *folded) addRune(as string, r rune, from, to int) {
	if r < utf8.RuneSelf {
		f.addFolded(unicode.ToLower(r), from, to)
		return
	}
	// Letters and what stands upon them are taken apart; what looks alike but is
	// encoded otherwise becomes the same (Unicode Standard Annex #15, NFKD).
	if apart := norm.NFKD.PropertiesString(as).Decomposition(); apart != nil {
		for _, part := range string(apart) {
			f.addPart(part, from, to)
		}
		return
	}
	f.addPart(r, from, to)
}

func (f *folded) addPart(r rune, from, to int) {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // upon a letter, or not to be seen
		if f.traced && f.inWord {
			f.to[len(f.to)-1] = int32(to)
		}
	case r == 'ß', r == 'ẞ':
		f.addFolded('s', from, to)
		f.addFolded('s', from, to)
	default:
		f.addFolded(unicode.ToLower(unicode.ToUpper(r)), from, to)
	}
}

func (f *folded) addFolded(r rune, from, to int) {
	if !isOfWord(r) {
		f.inWord = false
		return
	}
	if !f.inWord {
		f.inWord = true
		f.write(gap, from, from)
	}
	f.write(string(r), from, to)
}

func (f *folded) write(s string, from, to int) {
	f.text.WriteString(s)
	if !f.traced {
		return
	}
	for range len(s) {
		f.from, f.to = append(f.from, int32(from)), append(f.to, int32(to))
	}
}

func isOfWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mc, r)
}

const shortTerm = 3 // letters: with fewer, it is no part of a word

// patternOf is what folded text must have in it for a term to occur there. It
// has three letters at least, gaps counted; or none, if the term has no word.
func patternOf(t room.Term) string {
	text := fold(t.Text)
	if text == "" {
		return ""
	}
	inner := text[len(gap) : len(text)-len(gap)]
	short := utf8.RuneCountInString(inner) < shortTerm
	switch {
	case t.Kind == room.TermStart, t.Kind == room.TermTyped && short:
		return gap + inner
	case t.Kind == room.TermPhrase, short:
		return text
	}
	return inner
}

// span is a part of a text: [from, to).
type span struct{ from, to int }

// occurrences are where in a text its patterns are, in order and apart from each
// other. Gaps at a pattern's ends don't count.
func occurrences(text string, patterns []string) []span {
	words, from, to := foldTraced(text)
	var found []span
	for _, p := range patterns {
		before := len(p) - len(strings.TrimPrefix(p, gap))
		length := len(strings.Trim(p, "_"))
		for at := 0; ; {
			i := strings.Index(words[at:], p)
			if i < 0 {
				break
			}
			first := at + i + before
			found = append(found, span{int(from[first]), int(to[first+length-1])})
			_, size := utf8.DecodeRuneInString(words[at+i:])
			at += i + size
		}
	}
	return merged(found)
}
