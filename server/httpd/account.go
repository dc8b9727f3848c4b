package httpd

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/boombuler/barcode/qr"

	"redroom/server/room"
)

// ownAccount is a user's own, as far as it is about signing in.
type ownAccount struct {
	person
	Password bool      `json:"password"`
	TOTP     *ownTOTP  `json:"totp"`
	Passkeys []passkey `json:"passkeys"`
	Recovery int       `json:"recovery"` // codes that are left
	Demanded bool      `json:"demanded"` // a second factor
	Proved   bool      `json:"proved"`   // see POST /api/session/proof
	// Company is the label of the company's own sign-in, if that knows the user.
	Company string `json:"company,omitempty"`
}

type ownTOTP struct {
	Made time.Time `json:"made"`
}

type passkey struct {
	ID    string     `json:"id"` // base64url
	Label string     `json:"label"`
	Made  time.Time  `json:"made"`
	Used  *time.Time `json:"used,omitempty"`
}

func (s *site) getAccount(c *call) error {
	factors, err := s.Store.Factors(c.ctx(), c.user.Name)
	if err != nil {
		return err
	}
	hashed, err := s.Store.PasswordHashed(c.ctx(), c.user.Name)
	if err != nil {
		return err
	}
	answer := ownAccount{
		person:   personOf(c.user),
		Password: hashed != "",
		Passkeys: []passkey{},
		Recovery: factors.Recovery,
		Demanded: c.state.DemandsFactor(c.user.Name),
		Proved:   s.Desk.Proved(c.session),
	}
	if factors.TOTP != nil {
		answer.TOTP = &ownTOTP{Made: timeOf(factors.TOTP.Made)}
	}
	for _, p := range factors.Passkeys {
		answer.Passkeys = append(answer.Passkeys, passkey{
			ID:    base64.RawURLEncoding.EncodeToString(p.ID),
			Label: p.Label,
			Made:  timeOf(p.Made),
			Used:  usedAt(p.Used),
		})
	}
	if p := c.state.SignInRules().Provider; p != nil {
		linked, err := s.Store.Linked(c.ctx(), c.user.Name, p.Issuer)
		switch {
		case err != nil:
			return err
		case linked:
			answer.Company = p.Label
		}
	}
	return c.answer(http.StatusOK, answer)
}

// timeOf is a time of the store's, in unix-ms.
func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// usedAt is nil for what was never used.
func usedAt(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	at := timeOf(ms)
	return &at
}

// beginTOTP makes a secret, which lasts until a code has shown that an app has it.
func (s *site) beginTOTP(c *call) error {
	id, secret, uri := s.Desk.BeginTOTP(c.session)
	rows, err := qrRows(uri)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		ID     string   `json:"id"`
		Secret string   `json:"secret"`
		URI    string   `json:"uri"`
		QR     []string `json:"qr"` // its rows, a 1 for each dark square
	}{id, secret, uri, rows})
}

// qrRows is a QR code (ISO/IEC 18004), without the quiet zone around it.
func qrRows(text string) ([]string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("making a QR code: %w", err)
	}
	var rows []string
	for y := range code.Bounds().Dy() {
		row := make([]byte, code.Bounds().Dx())
		for x := range row {
			row[x] = '0'
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				row[x] = '1'
			}
		}
		rows = append(rows, string(row))
	}
	return rows, nil
}

func (s *site) confirmTOTP(c *call) error {
	var body struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	codes, err := s.Desk.ConfirmTOTP(c.ctx(), c.session, body.ID, body.Code, c.visitor())
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, recoveryOf(codes))
}

func (s *site) removeTOTP(c *call) error {
	if err := s.append(c, room.TOTPRemoved{Stamp: s.stamp(c), User: c.user.Name}); err != nil {
		return err
	}
	return c.done()
}

func (s *site) makeRecoveryCodes(c *call) error {
	codes, err := s.Desk.MakeRecoveryCodes(c.ctx(), c.session, c.visitor())
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, recoveryOf(codes))
}

// recovery are codes, which are shown once.
type recovery struct {
	Codes []string `json:"recovery"`
}

func recoveryOf(codes []string) recovery {
	if codes == nil {
		codes = []string{}
	}
	return recovery{codes}
}
