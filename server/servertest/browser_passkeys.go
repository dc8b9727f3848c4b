package servertest

import (
	"github.com/chromedp/cdproto/webauthn"
)

// Authenticator keeps passkeys for a tab, as the one in a phone or a laptop does,
// whose owner is asked for nothing.
type Authenticator struct {
	p  *Page
	id webauthn.AuthenticatorID
}

// Authenticator gives the tab one that has no passkey yet, and lets everybody
// touch it who wants to.
func (p *Page) Authenticator() *Authenticator {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	added := call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol:                    webauthn.AuthenticatorProtocolCtap2,
		Ctap2version:                webauthn.Ctap2versionCtap21,
		Transport:                   webauthn.AuthenticatorTransportInternal,
		HasResidentKey:              true,
		HasUserVerification:         true,
		IsUserVerified:              true,
		AutomaticPresenceSimulation: true,
	}})
	return &Authenticator{p, added.AuthenticatorID}
}

// Know says whether it knows from now on who touches it, by a finger or a PIN.
func (a *Authenticator) Know(known bool) {
	a.p.t.Helper()
	call(a.p, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: known})
}

// Passkeys are those that it has.
func (a *Authenticator) Passkeys() []*webauthn.Credential {
	a.p.t.Helper()
	return call(a.p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id}).Credentials
}
