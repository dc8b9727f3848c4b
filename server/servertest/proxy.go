package servertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"redroom/server"
)

// ProxyKind is a program that people have before their servers.
type ProxyKind struct {
	Name    string
	command string
	Config  string // as README has it
	listens string // how config says on which port
	around  string // what else the program needs, with %s for config
	flags   func(config string) []string
}

var (
	//go:embed testdata/nginx.conf
	nginxConfig string
	//go:embed testdata/haproxy.cfg
	haproxyConfig string
)

// Proxies are those that README has a configuration for.
var Proxies = []ProxyKind{
	{
		Name: "nginx", command: "nginx", Config: nginxConfig, listens: "listen 443 ",
		around: "user root;\ndaemon off;\npid pid;\nevents {\n\tworker_connections 2048;\n}\nhttp {\naccess_log off;\n" +
			"client_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n%s}\n",
		flags: func(config string) []string {
			return []string{"-p", filepath.Dir(config), "-e", "stderr", "-c", config}
		},
	},
	{
		Name: "HAProxy", command: "haproxy", Config: haproxyConfig, listens: "bind :443 ",
		around: "%s",
		flags:  func(config string) []string { return []string{"-db", "-q", "-f", config} },
	},
}

// Proxy is a reverse proxy that ends TLS before a room's plain port, as a process
// of its own.
type Proxy struct {
	URL string // of the room, seen through it

	kind    ProxyKind
	path    string   // of the program
	machine *Machine // nil: this one
	listen  string   // "": on 443, of every address
}

// New is a proxy on a machine of a Network, or on this one if that is nil. It
// does not run yet, but knows its URL, which the server has to allow. Without
// the program the test is skipped, or fails where REDROOM_PROXIES is "require".
func (k ProxyKind) New(t testing.TB, on *Machine) *Proxy {
	t.Helper()
	p := &Proxy{URL: "https://" + RoomHost, kind: k, machine: on, path: k.find(t)}
	if on == nil {
		p.listen = freeAddress(t, "127.0.0.1")
		_, port, _ := strings.Cut(p.listen, ":")
		p.URL = "https://localhost:" + port
	}
	return p
}

func (k ProxyKind) find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{k.command, "/usr/sbin/" + k.command} { // where Debian has it, which not everybody's PATH has
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing := fmt.Sprintf("there is no %s: apt-get install %s", k.Name, k.command)
	if os.Getenv("REDROOM_PROXIES") == "require" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// Before has a server in this process expect the proxy.
func (p *Proxy) Before(c server.Config) server.Config {
	c.Origins = append(c.Origins, p.URL)
	c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix("127.0.0.0/8"))
	return c
}

// Flags have a server in a process of its own expect the proxy.
func (p *Proxy) Flags() []string {
	return []string{"--origin", p.URL, "--trusted-proxies", "127.0.0.0/8"}
}

// Start runs the proxy until the test ends, and gives the room as it is seen
// through it.
func (p *Proxy) Start(t testing.TB, r *Room) *Room {
	t.Helper()
	plain, err := url.Parse(r.Plain)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key := certify(t, r, dir)
	listens := p.kind.listens
	if p.listen != "" {
		what, _, _ := strings.Cut(listens, " ")
		listens = what + " " + p.listen + " "
	}
	config := strings.NewReplacer(
		p.kind.listens, listens,
		"127.0.0.1:8080", "127.0.0.1:"+plain.Port(),
		"/etc/ssl/room.example.com.pem", certificate,
		"/etc/ssl/room.example.com.key", key,
	).Replace(p.kind.Config)
	file := filepath.Join(dir, p.kind.command)
	if err := os.WriteFile(file, fmt.Appendf(nil, p.kind.around, config), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := *r
	seen.Plain, seen.Rrp = p.URL, p.URL+"/rrp"
	if p.machine != nil {
		seen.Dial = p.machine.Dial
	}
	p.run(t, file, &seen)
	return &seen
}

// run starts the program, and returns when the room can be seen through it.
func (p *Proxy) run(t testing.TB, config string, seen *Room) {
	t.Helper()
	cmd := exec.Command(p.path, p.kind.flags(config)...)
	if p.machine != nil {
		cmd = p.machine.Command(p.path, p.kind.flags(config)...)
	}
	cmd.Stdout, cmd.Stderr = testWriter{t}, testWriter{t}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", p.kind.Name, err)
	}
	ended := make(chan struct{})
	go func() { // until the program has ended
		defer close(ended)
		cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(Patience):
			t.Errorf("%s goes on after it was told to stop", p.kind.Name)
			cmd.Process.Kill()
			<-ended
		}
	})
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(Patience)
	for a := seen.Anonymous(t); !a.answers(); {
		select {
		case <-ended:
			t.Fatalf("%s ended", p.kind.Name)
		case <-deadline:
			t.Fatalf("the room can't be seen through %s", p.kind.Name)
		case <-again.C:
		}
	}
}

func (a *API) answers() bool {
	got, err := a.HTTP.Get(a.base + "/healthz")
	if err != nil {
		return false
	}
	got.Body.Close()
	return got.StatusCode == http.StatusOK
}

// certify makes a proxy's certificate and its key. They are signed by the room's
// authority, so that whoever trusts the room trusts the proxy.
func certify(t testing.TB, r *Room, dir string) (certificate, key string) {
	t.Helper()
	ca, err := tls.LoadX509KeyPair(filepath.Join(r.Data, "keys", "ca.pem"), filepath.Join(r.Data, "keys", "ca-key.pem"))
	if err != nil {
		t.Fatalf("reading the room's CA: %v", err)
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "proxy"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", RoomHost},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca.Leaf, own.Public(), ca.PrivateKey)
	if err != nil {
		t.Fatalf("signing a certificate: %v", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	chain := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]})...)
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	for path, content := range map[string][]byte{certificate: append(chain, keyPEM...), key: keyPEM} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}
