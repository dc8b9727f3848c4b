package servertest

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// App makes codes as one on a phone does (RFC 6238). The server takes each once,
// and those of the steps before and after now, too: these let a test have three
// codes in a row without waiting for the next.
type App struct {
	key  string
	last int64 // the step of the code that was given last
}

const codeStep = 30 * time.Second

// App is one that was given the key that the page shows.
func (p *Page) App() *App {
	p.t.Helper()
	return &App{key: strings.ReplaceAll(Evaluate[string](p, `document.querySelector("dialog[open] .key").textContent`), " ", "")}
}

// Code is one that wasn't given before. It waits for the next where all that are
// good now were.
func (a *App) Code(t testing.TB) string {
	t.Helper()
	now := time.Now().Unix() / int64(codeStep/time.Second)
	a.last = max(a.last+1, now-1)
	if ahead := a.last - now - 1; ahead > 0 {
		t.Logf("waiting for the next code")
		<-time.After(time.Until(time.Unix((now+ahead)*int64(codeStep/time.Second), 0)))
	}
	code, err := totp.GenerateCode(a.key, time.Unix(a.last*int64(codeStep/time.Second), 0))
	if err != nil {
		t.Fatalf("making a code: %v", err)
	}
	return code
}
