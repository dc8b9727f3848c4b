package bench

import (
	"testing"
	"time"
	"unicode/utf8"
)

func TestTextsSayWhichTheyAre(t *testing.T) {
	for _, size := range []int{MinSize, 33, 128, 4096, MaxSize} {
		for _, p := range []posting{{1, 0}, {999_999_999_999, 9_999_999 * time.Second}, {42, 1234567891 * time.Nanosecond}} {
			text := p.appendText(nil, size)
			if len(text) != size || !utf8.Valid(text) {
				t.Errorf("a text of %d octets has %d", size, len(text))
			}
			if got, ok := parseText(text, size); !ok || got != p {
				t.Errorf("of %d octets: %v, %t; want %v", size, got, ok, p)
			}
		}
	}
}

func TestOtherTextsAreNone(t *testing.T) {
	good := string(posting{7, time.Second}.appendText(nil, 40))
	for name, text := range map[string]string{
		"empty":        "",
		"shorter":      good[:39],
		"longer":       good + ".",
		"another time": "x" + good[1:],
		"no number":    good[:20] + "x" + good[21:],
		"no space":     good[:16] + "0" + good[17:],
	} {
		if p, ok := parseText([]byte(text), 40); ok {
			t.Errorf("%s: %q is taken for %v", name, text, p)
		}
	}
}

func TestDealtSoThatNobodyIsLeftOut(t *testing.T) {
	for _, c := range []struct{ among, topics int }{{1, 1}, {5, 1}, {1, 5}, {3, 7}, {7, 3}, {4, 4}} {
		readers := make([]int, c.topics)
		for i := range c.among {
			mine := dealt(i, c.among, c.topics)
			if len(mine) == 0 {
				t.Errorf("%d topics among %d: number %d has none", c.topics, c.among, i)
			}
			for _, topic := range mine {
				readers[topic]++
			}
		}
		for topic, n := range readers {
			if n == 0 {
				t.Errorf("%d topics among %d: topic %d has nobody", c.topics, c.among, topic)
			}
		}
	}
}
