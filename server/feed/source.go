package feed

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxReading   = 1 << 20 // octets of an answer
	maxHead      = 64 << 10
	maxRedirects = 3
)

// Source is where readings come from: a URL that answers GET with one value of
// JSON.
type Source struct {
	url           *url.URL
	authorization string
	timeout       time.Duration
	http          *http.Client
}

// NewSource makes a source of an http or https URL. authorization, which may be
// "", is the value of the header Authorization, which nobody but the URL's own
// host is sent, and that not in clear, but on this computer. trust may be nil. A
// fetch has so long at most.
func NewSource(address, authorization string, trust *tls.Config, timeout time.Duration) (*Source, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("the source's address is no URL") // which may have a password
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("the source's address is an http or https URL, such as https://host/path")
	case u.User != nil:
		return nil, errors.New("a password in the source's URL can be seen by others on this computer; put it into REDROOM_FEED_AUTHORIZATION")
	case strings.ContainsFunc(authorization, unicode.IsControl):
		return nil, errors.New("REDROOM_FEED_AUTHORIZATION is no header's value")
	case authorization != "" && u.Scheme != "https" && !isLoopback(u.Hostname()):
		return nil, errors.New("REDROOM_FEED_AUTHORIZATION is not sent in clear over the network; use an https URL")
	}
	s := &Source{url: u, authorization: authorization, timeout: timeout}
	s.http = &http.Client{
		CheckRedirect: s.redirected,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        trust,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: maxHead,
			IdleConnTimeout:        time.Minute,
		},
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Name is the source's URL without what may be secret.
func (s *Source) Name() string {
	return (&url.URL{Scheme: s.url.Scheme, Host: s.url.Host, Path: s.url.Path, RawPath: s.url.RawPath}).String()
}

// redirected follows what stays where it is.
func (s *Source) redirected(to *http.Request, via []*http.Request) error {
	switch {
	case to.URL.Scheme != s.url.Scheme || to.URL.Host != s.url.Host:
		return &failure{"redirect", fmt.Errorf("the source redirects to another host, %s://%s, which is not followed; give that URL if it is meant", to.URL.Scheme, to.URL.Host)}
	case len(via) > maxRedirects:
		return &failure{"redirects", fmt.Errorf("the source redirects more than %d times", maxRedirects)}
	}
	return nil
}

// Fetch gives a reading as the source has written it. An error is why
// there is none, or that of ctx.
func (s *Source) Fetch(ctx context.Context) ([]byte, error) {
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	reading, err := s.get(within)
	var failed *failure
	switch {
	case err == nil:
		return reading, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case within.Err() != nil:
		return nil, &failure{"timeout", fmt.Errorf("the source gave no whole answer within %v", s.timeout)}
	case errors.As(err, &failed):
		return nil, failed
	}
	var asked *url.Error // which names the URL, and that may have a secret
	if errors.As(err, &asked) {
		err = asked.Err
	}
	kind := kindOfNetwork(err)
	if kind == "certificate" {
		return nil, &failure{kind, fmt.Errorf("the source's certificate is not to be trusted; give its CA with --source-ca if it should be: %w", err)}
	}
	return nil, &failure{kind, fmt.Errorf("the source can not be reached: %w", err)}
}

func (s *Source) get(ctx context.Context) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "redroom")
	if s.authorization != "" {
		r.Header.Set("Authorization", s.authorization)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, &failure{fmt.Sprint("status ", answer.StatusCode), fmt.Errorf("the source answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxReading+1))
	switch {
	case err != nil:
		return nil, &failure{"cut", fmt.Errorf("the source's answer was cut off: %w", err)}
	case len(body) > maxReading:
		return nil, &failure{"size", fmt.Errorf("the source's answer has more than %d octets", maxReading)}
	case !utf8.Valid(body):
		return nil, &failure{"json", errors.New("the source's answer is not JSON: it is not UTF-8")}
	}
	var one json.RawMessage
	if err := json.Unmarshal(body, &one); err != nil {
		if kind := answer.Header.Get("Content-Type"); !isJSON(kind) {
			return nil, &failure{"type", fmt.Errorf("the source's answer is of type %.60q, and not one value of JSON: %w", kind, err)}
		}
		return nil, &failure{"json", fmt.Errorf("the source's answer is not one value of JSON: %w", err)}
	}
	return body, nil
}

// isJSON tells application/json, text/json and application/…+json. Many a source
// says something else of the JSON that it gives, or nothing.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// kindOfNetwork tells what a connection fails for.
func kindOfNetwork(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		lookup      *net.DNSError
		slow        net.Error
	)
	switch {
	case errors.As(err, &certificate):
		return "certificate"
	case errors.As(err, &lookup):
		return "name"
	case errors.As(err, &slow) && slow.Timeout():
		return "timeout"
	}
	return "network"
}
