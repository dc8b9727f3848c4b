// Package server is the whole server as a value: New opens everything, Run
// serves until it is told to stop, Close gives everything back. The command
// and the end-to-end tests use it alike. It is the only place that sees every
// part and plugs them together.
//
// # Shutdown
//
// It runs the way of the data. First sessions are drained, while the listeners
// are there to say to whoever comes when to come back: what was read is
// answered, if the store takes it within drainWithin. Then all connections end,
// the requests that are under way within closeWithin of the beginning; then
// journal, hub and store. What was acknowledged before is in the store. Only the store may hold
// that up, by a disk that hangs; who runs the process puts an end to that.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"redroom/certs"
	"redroom/server/directory"
	"redroom/server/httpd"
	"redroom/server/hub"
	"redroom/server/journal"
	"redroom/server/load"
	"redroom/server/logging"
	"redroom/server/pack"
	"redroom/server/room"
	"redroom/server/session"
	"redroom/server/signin"
	"redroom/server/transport"
	"redroom/store"
	"redroom/web"
)

// Protocol is what the streams speak.
const Protocol = transport.Protocol

// Config is what `redroom serve` can be told; INTERFACES.md has the flags'
// meanings.
type Config struct {
	Data          string // directory of everything that lasts
	HTTP          string // plain HTTP; loopback addresses only
	HTTPPublished bool   // HTTP may be any address: a container publishes it on its host's loopback
	Addr          string // HTTPS on TCP, HTTP/3, WebTransport and raw QUIC on UDP
	Host          string // the public name

	Origins        []string // further allowed origins
	TrustedProxies []netip.Prefix

	TLSCert, TLSKey string // certificate files; "": the self-made one
	H3Cert          string // "own" or "same"

	Page *pack.Page // nil: the one that it is built with

	Limits load.Limits // what users and addresses may take; the zero value: load.Defaults

	Log *slog.Logger

	Qlog   string    // directory of a file for each QUIC connection; "": none
	KeyLog io.Writer // gets the secrets of each TLS connection, by which packets can be decrypted; nil: nobody does

	Announce bool // tell the local network that a server is here

	Echo     bool    // strangers may have what they send on ALPN echo sent back
	CalcLoss float64 // the share of CALC datagrams that are not answered, 0 to 1

	BindFrom []netip.Prefix   // sessions from here may name any address as that of their peer
	Clock    func() time.Time // of what peers are told; nil: time.Now

	// Applied is told of every batch of events that was committed, in order,
	// before anybody is answered; those that were refused are in it too. Applied
	// to a copy of the room, they give the same again. It holds up everybody
	// while it runs. It may be nil.
	Applied func(batch []room.Event)
}

// Server is one node.
type Server struct {
	config   Config
	log      *slog.Logger
	store    *store.Store
	journal  *journal.Journal
	hub      *hub.Hub
	desk     *signin.Desk
	load     *load.Guard
	peers    *transport.PeerSockets // by which the directory looks at peers
	listed   *directory.Directory
	sessions *session.Server
	sockets  *transport.WebSockets

	ca    *certs.CA
	own   *certs.ShortLived
	certs certs.Chooser
	qlog  *transport.Qlog // nil: none

	reached []netip.Addr // the addresses that are announced, if that is asked for

	plain   *transport.Sockets
	public  *transport.Sockets
	origins httpd.Origins
	files   *pack.Page
	page    http.Handler
	setup   string // the setup token; "" once there is an admin

	operator net.Listener // nil: the socket could not be opened
	commands http.Handler // what comes by it
}

// New opens the store, makes certificates, and binds the addresses. Nothing is
// answered before Run.
func New(ctx context.Context, c Config) (_ *Server, err error) {
	s := &Server{config: c, log: c.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(ctx, c.Data); err != nil {
		return nil, err
	}
	s.hub = hub.New(s.store)
	s.journal = journal.New(s.store, published{s.hub, c.Applied}, s.logOf("journal"))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	key, err := openSignInKey(ctx, c.Data, s.store, s.logOf("signin"))
	if err != nil {
		return nil, err
	}
	s.desk = signin.New(signin.Config{Store: s.store, Journal: s.journal, Key: key, Log: s.logOf("signin")})
	if err := s.desk.EndBound(ctx); err != nil {
		return nil, err
	}
	if c.Limits == (load.Limits{}) {
		c.Limits = load.Defaults()
	}
	s.load = load.New(c.Limits, s.logOf("load"))
	if err := s.openDirectory(ctx); err != nil {
		return nil, err
	}
	s.sessions = session.New(session.Config{
		Journal: s.journal, Store: s.store, Desk: s.desk, Hub: sessionHub{s.hub},
		Directory: sessionDirectory{s.listed}, Load: s.load, CalcLoss: c.CalcLoss, Log: s.logOf("session"),
	})
	s.sockets = transport.NewWebSockets(s.sessions.Serve)
	if err := s.openQlog(); err != nil {
		return nil, err
	}
	if err := s.findReached(ctx); err != nil {
		return nil, err
	}
	if err := s.openCertificates(); err != nil {
		return nil, err
	}
	if s.plain, err = transport.Listen(ctx, c.HTTP, false, s.logOf("transport")); err != nil {
		return nil, fmt.Errorf("plain HTTP (--http): %w", err)
	}
	if s.public, err = transport.Listen(ctx, c.Addr, true, s.logOf("transport")); err != nil {
		return nil, fmt.Errorf("HTTPS and HTTP/3 (--addr): %w", err)
	}
	if err := s.openPage(); err != nil {
		return nil, err
	}
	s.openOperator(ctx)
	return s, s.offerSetup(ctx)
}

// Check finds what can't work before anything is opened.
func (c Config) Check() error {
	host, _, err := net.SplitHostPort(c.HTTP)
	if err != nil {
		return fmt.Errorf("--http %q is not an address such as localhost:8080: %w", c.HTTP, err)
	}
	ip, _ := netip.ParseAddr(host)
	if !c.HTTPPublished && host != "localhost" && !ip.IsLoopback() {
		return fmt.Errorf("--http %s is not a loopback address: plain HTTP must not leave this machine (in a container whose runtime publishes it on its host's loopback, add --http-published)", c.HTTP)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	switch {
	case c.H3Cert != "own" && c.H3Cert != "same":
		return fmt.Errorf("--h3-cert is own or same, not %q", c.H3Cert)
	case c.H3Cert == "same" && c.TLSCert == "":
		return errors.New("--h3-cert same needs --tls-cert and --tls-key")
	}
	return c.checkAnnounce()
}

// openDirectory has peers looked at from a port of their own, beside the server's.
func (s *Server) openDirectory(ctx context.Context) error {
	key, err := openPeersKey(s.config.Data)
	if err != nil {
		return err
	}
	if s.peers, err = transport.OpenPeerSockets(ctx, 0); err != nil {
		return fmt.Errorf("looking at peers: %w", err)
	}
	s.listed = directory.New(directory.Config{
		State: s.store.State,
		Key:   key,
		Dial: func(ctx context.Context, at netip.AddrPort, fingerprint [32]byte) (transport.PeerConn, error) {
			return s.peers.Dial(ctx, at, fingerprint, nil)
		},
		From:    s.config.BindFrom,
		Changed: s.hub.TellPresence,
		Clock:   s.config.Clock,
		Log:     s.logOf("directory"),
	})
	return nil
}

// ownPage is the page that the program is built with. It is the same for all
// servers of a process.
var ownPage = sync.OnceValues(func() (*pack.Page, error) { return pack.Make(web.Files) })

// compressAfter is how long those who come back after a restart have the machine
// for themselves: they have the page already, and compressing it takes a second.
const compressAfter = 3 * time.Second

// compressPage has the page compressed as far as it goes.
func (s *Server) compressPage(ctx context.Context) {
	timer := time.NewTimer(compressAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.files.Compress(ctx)
	case <-ctx.Done():
	}
}

func (s *Server) openPage() (err error) {
	s.origins, err = httpd.NewOrigins(s.config.Host, int(s.public.Port), int(s.plain.Port), append(s.reachedOrigins(), s.config.Origins...)...)
	if err != nil {
		return err
	}
	if s.files = s.config.Page; s.files == nil {
		if s.files, err = ownPage(); err != nil {
			return fmt.Errorf("packing the page: %w", err)
		}
	}
	link := ""
	if s.config.Host != "localhost" {
		link = s.PublicURL()
	}
	s.page = httpd.New(httpd.Config{
		Desk:           s.desk,
		Store:          s.store,
		Journal:        s.journal,
		Load:           s.load,
		Page:           s.files,
		Log:            s.logOf("httpd"),
		Origins:        s.origins,
		Host:           s.config.Host,
		PublicURL:      link,
		TrustedProxies: s.config.TrustedProxies,
		CA:             s.ca.PEM(),
		Port:           int(s.public.Port),
		Connect:        s.connectInfo,
		WebSocket:      s.sockets.Serve,
		Ready:          s.journal.Ready,
		Draining:       s.sessions.Draining,
		Transports:     s.hub.Transports,
	})
	return nil
}

// connectInfo is what a page, or a tool, is told to connect by.
func (s *Server) connectInfo() httpd.ConnectInfo {
	info := httpd.ConnectInfo{WebTransport: s.WebTransportURL(), QUIC: s.QUICAddress(), HTTP3: s.config.H3Cert == "same"}
	if s.certs.H3 == certs.Source(s.own) {
		info.CertificateHashes = s.own.Hashes()
	}
	return info
}

// offerSetup makes a new setup token while there is no admin.
func (s *Server) offerSetup(ctx context.Context) error {
	if s.store.State().HasAdmin() {
		return nil // and nothing to be written: a full disk can still be read
	}
	token := room.NewToken()
	_, err := s.journal.Append(ctx, room.SetupOffered{Stamp: room.Stamp{At: time.Now().UnixMilli()}, Token: room.HashToken(token)})
	if err != nil {
		return fmt.Errorf("offering the setup: %w", err)
	}
	s.setup = token
	return nil
}

// Components are the parts whose diagnostics may have a level of their own, by the
// names that package logging takes.
var Components = []string{"certs", "directory", "discover", "httpd", "journal", "load", "session", "signin", "store", "transport.http", "transport.quic"}

// logOf is the log of a component.
func (s *Server) logOf(component string) *slog.Logger {
	return s.log.With(logging.Component, component)
}

// CA is the store's own certificate authority, which tools may trust.
func (s *Server) CA() *certs.CA { return s.ca }

// CertificateHashes are those of the certificates that HTTP/3 may show.
func (s *Server) CertificateHashes() [][32]byte { return s.own.Hashes() }

// WriterPragma is a pragma's value on the connection that writes the store.
func (s *Server) WriterPragma(ctx context.Context, name string) (string, error) {
	return s.store.WriterPragma(ctx, name)
}

const (
	drainWithin = 4 * time.Second             // for answers to what was read
	closeWithin = drainWithin + 2*time.Second // for requests that are under way
)

// Run serves until ctx ends or something fails; then sessions are drained, and it
// returns. Close has still to be called.
func (s *Server) Run(ctx context.Context) error {
	wt := transport.NewWebTransport(s.page, s.mayConnect, s.sessions.Serve)
	plain := s.httpServer(s.page)
	public := s.httpServer(s.altSvc(s.page))
	counted := newConnections(s.connect)
	plain.ConnState, public.ConnState = counted.note, counted.note
	servers := []*http.Server{plain, public}
	quics, err := s.listenQUIC()
	if err != nil {
		return err
	}

	protocols := s.protocols(wt)
	beyond := context.WithoutCancel(ctx) // of what ends by being closed, after the drain
	g, ctx := errgroup.WithContext(ctx)
	for _, q := range quics {
		g.Go(func() error { return q.Serve(beyond, protocols) })
	}
	for _, l := range s.plain.TCP {
		g.Go(func() error { return served(plain.Serve(l)) })
	}
	for _, l := range s.public.TCP {
		g.Go(func() error { return served(public.Serve(tls.NewListener(l, s.certs.TCP()))) })
	}
	if s.operator != nil {
		operator := s.httpServer(s.commands)
		servers = append(servers, operator)
		g.Go(func() error { return served(operator.Serve(s.operator)) })
	}
	g.Go(func() error { return s.own.Run(ctx) })
	g.Go(func() error { s.announce(ctx); return nil })
	g.Go(func() error {
		s.store.Follow(ctx, func(err error) { s.logOf("store").Error("the search index could not follow", "error", err) })
		return nil
	})
	g.Go(func() error { s.compressPage(ctx); return nil })
	signingIn, nobodySignsIn := context.WithCancel(beyond)
	g.Go(func() error { return s.desk.Run(signingIn) })
	g.Go(func() error {
		<-ctx.Done()
		defer nobodySignsIn()
		ended, cancel := context.WithTimeout(beyond, closeWithin)
		defer cancel()
		drained, cancel := context.WithTimeout(ended, drainWithin)
		defer cancel()
		s.sessions.Drain(drained)
		s.sockets.Close()
		err := wt.Close()
		for _, q := range quics {
			err = errors.Join(err, q.Close())
		}
		wt.Wait()
		for _, h := range servers {
			if h.Shutdown(ended) != nil {
				err = errors.Join(err, h.Close())
			}
		}
		return err
	})
	return g.Wait()
}

// Close gives everything back that New opened. The store is one file then.
func (s *Server) Close() error {
	var err error
	if s.sessions != nil {
		s.sessions.Close()
	}
	for _, sockets := range []*transport.Sockets{s.plain, s.public} {
		if sockets != nil {
			err = errors.Join(err, sockets.Close())
		}
	}
	s.qlog.Close()
	if s.listed != nil {
		s.listed.Close()
	}
	if s.peers != nil {
		err = errors.Join(err, s.peers.Close())
	}
	if s.operator != nil {
		s.operator.Close() // Run may have closed it
	}
	s.journal.Close()
	s.hub.Close()
	return errors.Join(err, s.store.Close())
}

// published is who is handed what was committed.
type published struct {
	hub     *hub.Hub
	applied func([]room.Event)
}

func (p published) Publish(batch []room.Event, outcomes []room.Outcome) {
	if p.applied != nil {
		p.applied(batch)
	}
	p.hub.Publish(batch, outcomes)
}

// sessionHub is the hub as sessions see it.
type sessionHub struct{ *hub.Hub }

func (h sessionHub) Open(as *room.Actor, topic string, from, seq int64) session.Cursor {
	return h.Hub.Open(as, topic, from, seq)
}

func (h sessionHub) Watch(a room.Attendance) session.Watcher { return h.Hub.Watch(a) }

// sessionDirectory is the directory as sessions see it.
type sessionDirectory struct{ *directory.Directory }

func (d sessionDirectory) Enter(as *room.Actor) session.Entry { return d.Directory.Enter(as) }
