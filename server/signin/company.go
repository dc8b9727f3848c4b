package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/text/unicode/norm"

	"redroom/server/room"
)

const (
	maxCode    = 4 << 10 // octets of what a provider answers
	maxSubject = 255     // octets (OpenID Connect Core 1.0, section 2)
)

// Refusals of the company's sign-in, apart from failures. Why is for the log.
var (
	// errCompanyNo: the provider, or the rules, say no.
	errCompanyNo = room.Refuse(room.ErrForbidden, "The company's sign-in does not let you in; ask an admin.")
	// errCompanyStranger: it is nobody's account, and none is made.
	errCompanyStranger = room.Refuse(room.ErrNotFound, "You have no account here; ask an admin.")
	errCompanyNone     = room.Refuse(room.ErrUnprocessable, "There is no sign-in of a company here.")
)

// CompanyLife is how long a way to the provider and back may take.
func (d *Desk) CompanyLife() time.Duration { return errandLife }

// CompanyBegin sends a browser to the provider, which sends it back to redirect.
// kept is for a cookie that comes along then. was is what the browser is signed
// in as, or nothing; that ends with the new sign-in.
func (d *Desk) CompanyBegin(ctx context.Context, redirect, to string, was room.Session) (provider, kept string, err error) {
	rules := d.store.State().SignInRules()
	if rules.Provider == nil {
		return "", "", errCompanyNone
	}
	client, _, err := d.company(ctx, rules.Provider, redirect)
	if err != nil {
		d.log.Error("the company's sign-in does not work", "error", err)
		return "", "", err
	}
	e := errand{
		State: room.NewToken(), Nonce: room.NewToken(), Verifier: oauth2.GenerateVerifier(),
		Redirect: redirect, To: to, Rules: rules.Version, Ends: d.now().Add(errandLife).UnixMilli(),
		Session: was.ID, User: was.User,
	}
	b, err := json.Marshal(e)
	if err != nil {
		return "", "", fmt.Errorf("writing an errand: %w", err)
	}
	kept = base64.RawURLEncoding.EncodeToString(d.sealer.seal(b, forErrand))
	return client.AuthCodeURL(e.State, oidc.Nonce(e.Nonce), oauth2.S256ChallengeOption(e.Verifier)), kept, nil
}

// CompanyEnd signs in who comes back from the provider with what it answers (RFC
// 6749 section 4.1.2). kept and redirect must be those of the way there; to is
// where the browser wanted to be. Who may not get in gets a room.ErrForbidden,
// who has no account a room.ErrNotFound; any other error is a failure.
func (d *Desk) CompanyEnd(ctx context.Context, kept, redirect string, answer url.Values, from room.Visitor) (cookie string, s room.Session, to string, err error) {
	e, err := d.errand(kept, redirect, answer)
	if err != nil {
		d.log.Warn("somebody came back from the company's sign-in in a wrong way", "from", from.Address, "error", err)
		return "", room.Session{}, "", err
	}
	user, ev, err := d.vouched(ctx, e, answer, from)
	if err == nil {
		cookie, s, err = d.enter(ctx, ev, from)
	}
	if err != nil {
		d.failed(user, from.Address, false)
		d.log.Warn("the company's sign-in let nobody in", "user", d.account(user), "from", from.Address, "error", err)
		if errors.Is(err, room.ErrDeactivated) {
			err = errCompanyNo
		}
		return "", room.Session{}, "", err
	}
	if e.Session != "" && e.Session != s.ID {
		if err := d.End(ctx, room.Session{ID: e.Session, User: e.User}, e.User, from.Address); err != nil {
			d.log.Warn("a replaced sign-in could not be ended", "user", e.User, "error", err)
		}
	}
	return cookie, s, e.To, nil
}

// company is the room as the provider of the rules knows it, and that.
func (d *Desk) company(ctx context.Context, p *room.Provider, redirect string) (*oauth2.Config, *provider, error) {
	known, err := d.providers.get(ctx, p.Issuer, d.now())
	if err != nil {
		return nil, nil, err
	}
	var secret []byte
	if len(p.Secret) > 0 {
		if secret, err = d.sealer.open(p.Secret, forProvider); err != nil {
			return nil, nil, fmt.Errorf("the provider's client secret: %w; set it again", err)
		}
	}
	return known.client(p.ClientID, string(secret), redirect), known, nil
}

// vouched finds out from the provider who it is, and has the journal say so. user
// is who it would be, where that is known.
func (d *Desk) vouched(ctx context.Context, e errand, answer url.Values, from room.Visitor) (user string, opened room.SessionOpened, err error) {
	rules := d.store.State().SignInRules()
	p := rules.Provider
	switch {
	case p == nil || rules.Version != e.Rules:
		return "", opened, errors.New("the rules were changed meanwhile")
	case answer.Has("error"):
		return "", opened, fmt.Errorf("%w (%s)", errCompanyNo, refusalCode(answer.Get("error")))
	case answer.Get("code") == "" || len(answer.Get("code")) > maxCode:
		return "", opened, errors.New("the provider gave no code")
	case answer.Has("iss") && answer.Get("iss") != p.Issuer: // RFC 9207 section 2.4
		return "", opened, errors.New("it is another issuer's answer")
	}
	subject, said, err := d.ask(ctx, p, e, answer.Get("code"), from.Address)
	if err != nil {
		return "", opened, err
	}
	ev := room.Vouched{Rules: rules.Version, Issuer: p.Issuer, Subject: subject, Create: p.Create}
	switch ev.User, err = d.store.Identity(ctx, p.Issuer, subject); {
	case errors.Is(err, room.ErrNotFound):
		var whole bool
		ev.User, whole = nameOf(said.text(p.NameClaim))
		ev.Match = p.Match && whole
	case err != nil:
		return "", opened, err
	}
	var ok bool
	if ev.Role, ok = roleOf(p, said); !ok {
		return ev.User, opened, fmt.Errorf("%w (in none of the groups)", errCompanyNo)
	}
	if !room.ValidUserName(ev.User) {
		return "", opened, fmt.Errorf("%w (the claim %q makes no user name)", errCompanyStranger, p.NameClaim)
	}
	ev.Display = ev.User
	if name := norm.NFC.String(strings.TrimSpace(said.text("name"))); room.ValidLabel(name, room.MaxDisplayLength) {
		ev.Display = name
	}
	ev.Stamp = room.Stamp{At: d.now().UnixMilli(), By: ev.User, Address: address(from.Address)}
	switch _, err := d.journal.Append(ctx, ev); {
	case errors.Is(err, room.ErrWrongSignIn):
		return ev.User, opened, fmt.Errorf("%w (%w)", errCompanyStranger, err)
	case err != nil:
		return ev.User, opened, err
	}
	return ev.User, room.SessionOpened{User: ev.User, Shown: room.Shown{Factor: room.FactorProvider, Issuer: p.Issuer, Subject: subject}}, nil
}

// ask gives the provider its code back for the word on who it is (OpenID Connect
// Core 1.0, sections 3.1.3 and 5.3).
func (d *Desk) ask(ctx context.Context, p *room.Provider, e errand, code string, from netip.Addr) (subject string, said claims, err error) {
	client, known, err := d.company(ctx, p, e.Redirect)
	if err != nil {
		return "", nil, err
	}
	ctx = d.providers.context(ctx)
	tokens, err := d.exchange(ctx, client, e, code, from)
	if err != nil {
		return "", nil, fmt.Errorf("giving the provider its code: %w", codeRefused(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return "", nil, errors.New("the provider gave no id token")
	}
	word, err := known.Verifier(&oidc.Config{ClientID: p.ClientID, Now: d.now}).Verify(ctx, raw)
	if err != nil {
		return "", nil, fmt.Errorf("verifying an id token: %w", shortened(err))
	}
	if err := word.Claims(&said); err != nil {
		return "", nil, fmt.Errorf("reading an id token: %w", err)
	}
	whose, named := said["azp"].(string)
	switch {
	case subtle.ConstantTimeCompare([]byte(word.Nonce), []byte(e.Nonce)) != 1:
		return "", nil, errors.New("the id token's nonce is another one")
	case named && whose != p.ClientID, !named && len(word.Audience) > 1:
		return "", nil, errors.New("the id token is for another client")
	case word.Subject == "" || len(word.Subject) > maxSubject:
		return "", nil, errors.New("the id token names nobody")
	}
	if said.lacks(p) {
		d.askMore(ctx, known, tokens, word.Subject, said)
	}
	return word.Subject, said, nil
}

// exchange gives a code for tokens. One that the provider doesn't know counts as a
// failed sign-in from there, so that nobody has the provider asked without end for
// codes that are made up.
func (d *Desk) exchange(ctx context.Context, client *oauth2.Config, e errand, code string, from netip.Addr) (*oauth2.Token, error) {
	try, err := d.tries.begin("", from, d.now())
	if err != nil {
		return nil, err
	}
	tokens, err := client.Exchange(ctx, code, oauth2.VerifierOption(e.Verifier))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" { // RFC 6749 section 5.2
		d.tries.undo(try, d.now())
	}
	return tokens, err
}

// askMore adds what the id token doesn't say. Where the provider doesn't either,
// it stays unsaid.
func (d *Desk) askMore(ctx context.Context, known *provider, tokens *oauth2.Token, subject string, said claims) {
	info, err := known.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	var more claims
	switch {
	case err != nil:
	case info.Subject != subject:
		err = errors.New("it speaks of somebody else")
	default:
		err = info.Claims(&more)
	}
	if err != nil {
		d.log.Warn("the provider does not say more than its id token", "error", shortened(err))
		return
	}
	for name, value := range more {
		if _, there := said[name]; !there {
			said[name] = value
		}
	}
}

// codeRefused is a provider's refusal of a code without what else it answers.
func codeRefused(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		return fmt.Errorf("%s %s", refused.Response.Status, refusalCode(refused.ErrorCode))
	}
	return err
}

// refusalCode is an error's code as far as it is one (RFC 6749 section 4.1.2.1).
func refusalCode(code string) string {
	if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "an unknown error"
	}
	return cmp.Or(code, "an unnamed error")
}
