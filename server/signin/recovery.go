package signin

import (
	"context"
	"fmt"
	"strings"

	"redroom/server/room"
)

// crockford is Douglas Crockford's base32: no letter that is taken for a digit.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	recoveryOctets = 15 // 120 bits, of which SHA-256 is hash enough (ASVS 6.5.2)
	recoveryLength = recoveryOctets * 8 / 5
	recoveryGroup  = 4
)

// newRecoveryCodes makes a set, and what is stored of it.
func newRecoveryCodes() (all []string, hashes []room.TokenHash) {
	for range room.RecoveryCodes {
		code := recoveryCode(random(recoveryOctets))
		all = append(all, grouped(code))
		hashes = append(hashes, room.HashToken(code))
	}
	return all, hashes
}

func recoveryCode(octets []byte) string {
	var b strings.Builder
	var bits, have uint
	for _, o := range octets {
		bits, have = bits<<8|uint(o), have+8
		for ; have >= 5; have -= 5 {
			b.WriteByte(crockford[bits>>(have-5)&31])
		}
	}
	return b.String()
}

func grouped(code string) string {
	var groups []string
	for ; code != ""; code = code[recoveryGroup:] {
		groups = append(groups, code[:recoveryGroup])
	}
	return strings.Join(groups, "-")
}

// recoveryHash is that of a code as somebody types it: in any case, with whatever
// between the groups, and O, I and L for the digits that they look like.
func recoveryHash(typed string) (room.TokenHash, bool) {
	code := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	if len(code) != recoveryLength || strings.Trim(code, crockford) != "" {
		return room.TokenHash{}, false
	}
	return room.HashToken(code), true
}

// firstRecoveryCodes are new ones for somebody who has none left.
func (d *Desk) firstRecoveryCodes(ctx context.Context, user string) (all []string, hashes []room.TokenHash, err error) {
	f, err := d.store.Factors(ctx, user)
	if err != nil {
		return nil, nil, fmt.Errorf("looking up second factors: %w", err)
	}
	if f.Recovery > 0 {
		return nil, nil, nil
	}
	all, hashes = newRecoveryCodes()
	return all, hashes, nil
}

// MakeRecoveryCodes replaces a user's recovery codes.
func (d *Desk) MakeRecoveryCodes(ctx context.Context, s room.Session, from room.Visitor) ([]string, error) {
	all, hashes := newRecoveryCodes()
	_, err := d.journal.Append(ctx, room.RecoveryCodesMade{Stamp: d.stamp(s, from), User: s.User, Codes: hashes})
	if err != nil {
		return nil, err
	}
	return all, nil
}
