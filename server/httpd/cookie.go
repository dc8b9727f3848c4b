package httpd

import (
	"net/http"
	"time"
)

// cookieName is that of the session's cookie. On HTTPS the prefix makes
// browsers refuse one that was set in any other way than here; on loopback,
// where cookies are the same for all ports, it bears the port.
func (by *arrival) cookieName() string { return by.nameCookie("") }

// nameCookie is cookieName for a cookie beside the session's, which is called
// as that is but for an ending.
func (by *arrival) nameCookie(ending string) string {
	if by.secure {
		return "__Host-redroom" + ending
	}
	_, port := splitHost(by.host)
	if port == "" {
		port = "80"
	}
	return "redroom" + ending + "-" + port
}

func (by *arrival) readCookie(r *http.Request) string {
	c, err := r.Cookie(by.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

func (by *arrival) setCookie(w http.ResponseWriter, token string, life time.Duration) {
	by.writeCookie(w, token, int(life/time.Second))
}

func (by *arrival) clearCookie(w http.ResponseWriter) { by.writeCookie(w, "", -1) }

func (by *arrival) writeCookie(w http.ResponseWriter, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name:     by.cookieName(),
		Value:    token,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   by.secure,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
}
