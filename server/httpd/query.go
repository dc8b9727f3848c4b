package httpd

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // a machine need not have it
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

const (
	maxQuery  = 256 // characters
	maxTerms  = 16
	maxTitles = 16 // each is compared with those of all topics
)

// query is what somebody looks for, before it is known which topics there are.
//
//	query    = *( term / operator )       ; with white space between
//	term     = word [ "*" ] / phrase [ "*" ]
//	phrase   = DQUOTE … DQUOTE            ; the last one need not end
//	operator = ( "from" / "in" / "before" / "after" ) ":" ( word / phrase )
//
// Words behind each other must all be there, phrases just as they stand. With
// "*" the last word only begins so. The query's last word may be unfinished.
type query struct {
	terms         []room.Term
	author        string // "": anybody
	titles        []string
	since, before int64 // unix-ms; 0: any time
	passedOver    bool  // something by which nothing could be found
}

// parseQuery refuses what it doesn't understand in words for whoever wrote it. me
// is who asks.
func parseQuery(text, me string, zone *time.Location) (q query, err error) {
	if utf8.RuneCountInString(text) > maxQuery {
		return q, refused("A search has at most %d characters.", maxQuery)
	}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		if name, value, ok := cutOperator(rest); ok {
			var p part
			p, rest = cutPart(value)
			err = q.operate(name, p.text, me, zone)
		} else {
			var p part
			p, rest = cutPart(rest)
			err = q.add(p, rest == "")
		}
		if err != nil {
			return q, err
		}
	}
	if q.passedOver && len(q.terms) == 0 {
		return q, errNoQuery
	}
	return q, nil
}

func refused(format string, args ...any) error {
	return room.Refuse(room.ErrUnprocessable, fmt.Sprintf(format, args...))
}

// cutOperator is an operator's name and what follows its colon.
func cutOperator(s string) (name, rest string, ok bool) {
	name, rest, ok = strings.Cut(s, ":")
	if !ok || len(name) > len("before") {
		return "", "", false
	}
	switch name = strings.ToLower(name); name {
	case "from", "in", "before", "after":
		return name, rest, true
	}
	return "", "", false
}

// part is a word or a phrase.
type part struct {
	text           string
	phrase, closed bool
	starred        bool
}

func cutPart(s string) (p part, rest string) {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		p.phrase = true
		p.text, rest, p.closed = strings.Cut(quoted, `"`)
		rest, p.starred = strings.CutPrefix(rest, "*")
		return p, rest
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	p.text, p.starred = strings.CutSuffix(s[:end], "*")
	return p, s[end:]
}

// add adds a term. What has no letter or digit is passed over beside others:
// nothing could be found by it.
func (q *query) add(p part, last bool) error {
	if !strings.ContainsFunc(p.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		q.passedOver = true
		return nil
	}
	kind := room.TermPart
	switch {
	case p.starred, p.phrase && !p.closed:
		kind = room.TermStart
	case p.phrase:
		kind = room.TermPhrase
	case last:
		kind = room.TermTyped
	}
	if q.terms = append(q.terms, room.Term{Text: p.text, Kind: kind}); len(q.terms) > maxTerms {
		return refused("A search has at most %d words.", maxTerms)
	}
	return nil
}

func (q *query) operate(name, value, me string, zone *time.Location) error {
	if value == "" {
		return refused("Behind %s: there must be something, without a blank between.", name)
	}
	switch name {
	case "from":
		return q.by(value, me)
	case "in":
		if q.titles = append(q.titles, norm.NFC.String(strings.TrimSpace(value))); len(q.titles) > maxTitles {
			return refused("A search names at most %d topics.", maxTitles)
		}
	case "before":
		return q.until(value, zone)
	case "after":
		return q.from(value, zone)
	}
	return nil
}

func (q *query) by(name, me string) error {
	name = strings.ToLower(strings.TrimPrefix(name, "@"))
	if name == "me" {
		name = me
	}
	switch {
	case !room.ValidUserName(name):
		return refused("Behind from: stands a user name, or me.")
	case q.author != "" && q.author != name:
		return refused("A message is from one author: name one.")
	}
	q.author = name
	return nil
}

func (q *query) until(day string, zone *time.Location) error {
	at, err := beginning("before", day, zone)
	if err == nil && (q.before == 0 || at < q.before) {
		q.before = at
	}
	return err
}

func (q *query) from(day string, zone *time.Location) error {
	at, err := beginning("after", day, zone)
	if err == nil {
		q.since = max(q.since, at)
	}
	return err
}

// beginning is when a day, a month or a year begins, in unix-ms.
func beginning(name, day string, zone *time.Location) (int64, error) {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if at, err := time.ParseInLocation(layout, day, zone); err == nil && at.Year() >= 1970 {
			return max(1, at.UnixMilli()), nil
		}
	}
	return 0, refused("Behind %s: stands a day such as 2026-11-01, a month such as 2026-11, or a year, from 1970 on.", name)
}

// zoneOf is the time zone of an IANA name; of none UTC.
func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, refused("zone is the name of a time zone such as Europe/Berlin.")
	}
	return zone, nil
}

// readQuery is the query of a request: what stands in q, narrowed by what stands
// beside it.
func readQuery(asked url.Values, me string) (query, error) {
	zone, err := zoneOf(asked.Get("zone"))
	if err != nil {
		return query{}, err
	}
	if !utf8.ValidString(asked.Get("q")) {
		return query{}, refused("A search is UTF-8.")
	}
	q, err := parseQuery(asked.Get("q"), me, zone)
	for _, narrow := range []struct{ param, operator string }{{"author", "from"}, {"before", "before"}, {"after", "after"}} {
		if value := asked.Get(narrow.param); err == nil && value != "" {
			err = q.operate(narrow.operator, value, me, zone)
		}
	}
	return q, err
}

// isEmpty tells whether nothing at all is looked for.
func (q *query) isEmpty() bool {
	return len(q.terms) == 0 && q.author == "" && len(q.titles) == 0 && q.since == 0 && q.before == 0
}
