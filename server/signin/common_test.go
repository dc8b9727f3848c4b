package signin

import (
	"strings"
	"testing"

	"redroom/server/room"
)

func TestTheCommonestPasswordsAreRefused(t *testing.T) {
	if n := len(common()); n < 3000 {
		t.Errorf("%d are known", n)
	}
	for p := range common() {
		if !room.ValidPassword(p) {
			t.Errorf("%q would be refused anyway", p)
		}
	}
	d := newDesk(t)
	for _, c := range []struct {
		password string
		ok       bool
	}{
		{"qwertyqwerty", false},
		{"QWERTYqwerty", false},
		{"123456123456", false},
		{"JustinBieber", false},
		{"anna anna anna", false},
		{"Anna-RedRoom-2026", false},
		{"red room red room", false},
		{"redroomredroom", false},
		{"annaannaann", false}, // 11 octets
		{"DealRoom 2026!", false},
		{"merger-acquisition", false},
		{"Admin.Admin.Admin", false},
		{"anna's deal room", true}, // the s is of none of them
		{"ideal restroom", true},
		{"annaannabert", true},
		{"correct horse", true},
		{"947310582264 71", true},
	} {
		_, err := d.HashPassword(t.Context(), c.password, "anna")
		if ok := err == nil; ok != c.ok {
			t.Errorf("%q: %v", c.password, err)
		}
		if err != nil {
			wantError(t, err, room.ErrUnprocessable)
			if strings.Contains(err.Error(), c.password) {
				t.Errorf("%q is told: %v", c.password, err)
			}
		}
	}
}
