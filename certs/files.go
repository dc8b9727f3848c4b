package certs

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// filesCheck is how often, at most, handshakes look whether the files changed.
const filesCheck = time.Second

// Files is a certificate with its chain, and its key, from PEM files that
// somebody else may replace at any time. A pair that can't be used, as while
// only one of the files is new, is logged, and the last good one stays.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]

	mu      sync.Mutex // held by the one handshake that looks
	checked time.Time
	tried   contents // of the files, as last found
	failure string   // what was logged last and still holds
}

type contents struct{ cert, key []byte }

// NewFiles loads the pair. Its error names the file that is missing or wrong;
// a certificate that has ended or hasn't begun is only warned of.
func NewFiles(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log, checked: time.Now()}
	found, err := f.read()
	if err != nil {
		return nil, err
	}
	certificate, err := f.parse(found)
	if err != nil {
		return nil, err
	}
	f.tried = found
	f.use(certificate)
	return f, nil
}

// Certificate gives the pair that was last found good. At most once a second a
// call looks at the files first; others don't wait for it.
func (f *Files) Certificate() *tls.Certificate {
	if f.mu.TryLock() {
		f.refresh()
		f.mu.Unlock()
	}
	return f.current.Load()
}

// refresh compares the files' contents, not their times, which are too coarse
// to tell a half-written file from the whole one.
func (f *Files) refresh() {
	now := time.Now()
	if now.Sub(f.checked) < filesCheck {
		return
	}
	f.checked = now
	found, err := f.read()
	if err != nil {
		f.tried = contents{}
		f.fail(err)
		return
	}
	if bytes.Equal(found.cert, f.tried.cert) && bytes.Equal(found.key, f.tried.key) {
		return
	}
	f.tried = found
	certificate, err := f.parse(found)
	if err != nil {
		f.fail(err)
		return
	}
	f.failure = ""
	f.use(certificate)
	f.log.Info("the certificate files were read again", "file", f.certFile, "ends", certificate.Leaf.NotAfter)
}

// fail logs why the files can't be used, once while the reason is the same.
// They are read as soon as they change again.
func (f *Files) fail(err error) {
	if f.failure != err.Error() {
		f.failure = err.Error()
		f.log.Warn("the changed certificate files can't be used, the old certificate stays", "error", err)
	}
}

func (f *Files) use(certificate *tls.Certificate) {
	f.current.Store(certificate)
	now, leaf := time.Now(), certificate.Leaf
	switch {
	case now.After(leaf.NotAfter):
		f.log.Warn("the certificate has expired: clients will refuse it", "file", f.certFile, "ended", leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		f.log.Warn("the certificate isn't valid yet: clients will refuse it", "file", f.certFile, "begins", leaf.NotBefore)
	}
}

func (f *Files) read() (found contents, err error) {
	if found.cert, err = os.ReadFile(f.certFile); err != nil {
		return contents{}, fmt.Errorf("reading the certificate file: %w", err)
	}
	if found.key, err = os.ReadFile(f.keyFile); err != nil {
		return contents{}, fmt.Errorf("reading the key file: %w", err)
	}
	return found, nil
}

func (f *Files) parse(found contents) (*tls.Certificate, error) {
	if !hasBlock(found.cert, isCertificate) {
		return nil, fmt.Errorf("the certificate file %s has no certificate in PEM (-----BEGIN CERTIFICATE-----)", f.certFile)
	}
	if hasBlock(found.key, isEncrypted) {
		return nil, fmt.Errorf("the key file %s is encrypted: it must be readable without a passphrase", f.keyFile)
	}
	if !hasBlock(found.key, isKey) {
		return nil, fmt.Errorf("the key file %s has no private key in PEM (-----BEGIN PRIVATE KEY-----)", f.keyFile)
	}
	certificate, err := tls.X509KeyPair(found.cert, found.key)
	if err != nil {
		return nil, fmt.Errorf("the certificate file %s and the key file %s aren't a pair that can be used: %w", f.certFile, f.keyFile, err)
	}
	return &certificate, nil
}

func hasBlock(octets []byte, wanted func(*pem.Block) bool) bool {
	for {
		var block *pem.Block
		if block, octets = pem.Decode(octets); block == nil {
			return false
		}
		if wanted(block) {
			return true
		}
	}
}

func isCertificate(block *pem.Block) bool { return block.Type == pemCertificate }

// isKey takes PKCS #8 ("PRIVATE KEY") and the older "EC" and "RSA" forms.
func isKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, pemKey) }

// isEncrypted knows both forms: of PKCS #8, and of RFC 1421.
func isEncrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED "+pemKey || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")
}
