package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// A word that is looked for has as many grams, three letters in a row, as letters,
// and to ask the index for each in hundreds of units takes long. It is asked for the
// rarest, and which messages have the whole word is seen in their text.

const (
	maxCounted = 32  // of a search's grams, how many are counted
	maxCount   = 512 // up to where
	maxGrams   = 2   // that the index is asked for at once
	patience   = 256 // messages that have the rarest and are none, before it is asked for all
)

// countGramsSQL counts the newest messages that match each of some expressions.
const countGramsSQL = `SELECT (SELECT count(*) FROM
(SELECT 1 FROM index_words WHERE index_words MATCH asked.value AND rowid >= ? ORDER BY rowid DESC LIMIT ?)) FROM json_each(?) AS asked`

// gram is one of a pattern's.
type gram struct {
	text        string
	pattern, at int
	count       int
}

// gramsOf are the patterns' grams, or as many of them as are counted, spread evenly.
// Of one with a whole gap the gram beside it says more.
func gramsOf(patterns []string) (grams []gram) {
	for n, p := range patterns {
		letters := []rune(p)
		for at := range len(letters) - shortTerm + 1 {
			text := string(letters[at : at+shortTerm])
			if len(letters) == shortTerm || !strings.Contains(text, gap) {
				grams = append(grams, gram{text: text, pattern: n, at: at})
			}
		}
	}
	if len(grams) <= maxCounted {
		return grams
	}
	some := make([]gram, maxCounted)
	for i := range some {
		some[i] = grams[i*len(grams)/maxCounted]
	}
	return some
}

// rarest are the grams for which the index is asked, the rarest first: as it is in
// the greatest of the units.
func (q *search) rarest(ctx context.Context, units []unit) ([]gram, error) {
	grams := gramsOf(q.patterns)
	if len(grams) < 2 || len(units) == 0 {
		return grams[:min(maxGrams, len(grams))], nil
	}
	sample := slices.MaxFunc(units, func(a, b unit) int { return cmp.Compare(a.length, b.length) })
	if err := q.count(ctx, grams, sample); err != nil {
		return nil, err
	}
	slices.SortStableFunc(grams, func(a, b gram) int { return cmp.Compare(a.count, b.count) })
	first, rest := grams[0], grams[1:]
	second := slices.IndexFunc(rest, func(g gram) bool { return first.distance(g) >= shortTerm })
	if second < 0 { // a short word: what stands beside it says most
		second = max(0, slices.IndexFunc(rest, func(g gram) bool { return first.distance(g) == 1 }))
	}
	return []gram{first, rest[second]}, nil
}

// distance is how many letters a gram is from another; those of other patterns are
// as far as can be.
func (g gram) distance(other gram) int {
	if g.pattern != other.pattern {
		return maxIndexed
	}
	return max(g.at-other.at, other.at-g.at)
}

func (q *search) count(ctx context.Context, grams []gram, in unit) error {
	expressions := make([]string, len(grams))
	for i := range grams {
		expressions[i] = q.expression([]unit{in}, grams[i:i+1])
	}
	asked, err := asJSON(expressions)
	if err != nil {
		return err
	}
	rows, err := q.tx.QueryContext(ctx, countGramsSQL, in.row, maxCount, asked)
	if err != nil {
		return fmt.Errorf("counting what is in the index: %w", err)
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if err := rows.Scan(&grams[i].count); err != nil {
			return fmt.Errorf("counting what is in the index: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("counting what is in the index: %w", err)
	}
	return nil
}

// expression is what messages must match (https://www.sqlite.org/fts5.html section
// 3): in one of the units, all of the grams, and the author. Two that stand side by
// side in what is looked for must do so.
func (q *search) expression(units []unit, grams []gram) string {
	var b strings.Builder
	for i, u := range units {
		if i > 0 {
			b.WriteString(" OR ")
		}
		code := unitCode(u.key, u.number)
		var all []string
		if len(grams) == 2 && grams[0].distance(grams[1]) == 1 {
			pair := slices.SortedFunc(slices.Values(grams), func(a, b gram) int { return cmp.Compare(a.at, b.at) })
			all = append(all, `"`+code+"."+pair[0].text+" "+code+"."+pair[1].text+`"`)
		} else {
			for _, g := range grams {
				all = append(all, `"`+code+"."+g.text+`"`)
			}
		}
		if q.Author != "" {
			all = append(all, `"`+authorToken(code, q.Author)+`"`)
		}
		if len(all) == 0 {
			all = []string{`"` + code + `"`}
		}
		b.WriteString("(" + strings.Join(all, " AND ") + ")")
	}
	return b.String()
}
