package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"redroom/server/bench"
	"redroom/server/room"
	"redroom/server/transport"
)

// benchRoom is what a running server makes for a load, and where it is found.
type benchRoom struct {
	Deal     string   `json:"deal"`
	Topics   []string `json:"topics"`
	User     string   `json:"user"`
	Password string   `json:"password"`

	HTTP         string `json:"http"`         // HOST:PORT of plain HTTP
	WebTransport string `json:"webTransport"` // URL
	Certificate  []byte `json:"certificate"`  // SHA-256 of the one that HTTP/3 shows
}

type benchAsked struct {
	Topics int `json:"topics"`
}

// OpenBench has the server that runs on a data directory make a deal with so
// many topics, and an account, for a load. End closes them; what was said
// there stays in the store. It fails with bench.ErrNotRunning if there is no
// server.
func OpenBench(ctx context.Context, data string, topics int) (*bench.Guest, error) {
	operator, ok := runningServer(ctx, data)
	if !ok {
		return nil, bench.ErrNotRunning
	}
	var made benchRoom
	if err := askOperator(ctx, operator, http.MethodPost, "/bench", benchAsked{topics}, &made); err != nil {
		return nil, err
	}
	end := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // after Ctrl-C, too
		defer cancel()
		return askOperator(ctx, operator, http.MethodPost, "/bench/end", made, nil)
	}
	desk, err := bench.SignIn(ctx, made.HTTP, made.User, made.Password)
	if err != nil {
		return nil, errors.Join(err, end(ctx))
	}
	return &bench.Guest{
		Target: bench.Target{
			URL:    made.WebTransport,
			Trust:  bench.Pin([sha256.Size]byte(made.Certificate)),
			Topics: made.Topics,
			Token:  desk.Token,
			Usage: func(ctx context.Context) (u bench.Usage, err error) {
				err = askOperator(ctx, operator, http.MethodGet, "/bench/usage", nil, &u)
				return u, err
			},
		},
		End: func(ctx context.Context) error {
			desk.Close()
			return end(ctx)
		},
	}, nil
}

// benchCommands answers what OpenBench asks by the socket.
func (s *Server) benchCommands(mux *http.ServeMux) {
	mux.HandleFunc("POST /bench", func(w http.ResponseWriter, r *http.Request) {
		var asked benchAsked
		answerOperator(w, r, &asked, func() (any, error) { return s.makeBench(r.Context(), asked.Topics) })
	})
	mux.HandleFunc("POST /bench/end", func(w http.ResponseWriter, r *http.Request) {
		var made benchRoom
		answerOperator(w, r, &made, func() (any, error) { return struct{}{}, s.endBench(r.Context(), made) })
	})
	mux.HandleFunc("GET /bench/usage", func(w http.ResponseWriter, r *http.Request) {
		answerOperator(w, r, nil, func() (any, error) { return bench.ReadUsage() })
	})
}

// makeBench makes a deal, topics, and an account that may post there, as much
// as the server can take.
func (s *Server) makeBench(ctx context.Context, topics int) (*benchRoom, error) {
	if topics < 1 || topics > bench.MaxTopics {
		return nil, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("A bench has 1 to %d topics.", bench.MaxTopics))
	}
	now := time.Now()
	made := &benchRoom{
		Deal:         room.NewID(),
		User:         "bench-" + room.NewID(),
		Password:     NewPassword(),
		HTTP:         reachable(s.plain.TCP[0].Addr()),
		WebTransport: "https://" + reachable(s.public.UDP[0].LocalAddr()) + transport.Path,
	}
	hash := sha256.Sum256(s.certs.H3.Certificate().Certificate[0])
	made.Certificate = hash[:]
	if err := addUser(ctx, s.desk, s.journal, NewUser{Name: made.User, Display: "Bench", Role: string(room.Bot), Password: made.Password}); err != nil {
		return nil, err
	}
	by := room.Stamp{At: now.UnixMilli()}
	name := "Bench " + now.UTC().Format("2006-01-02 15:04:05") + " " + made.Deal[:4]
	events := []room.Event{
		room.DealCreated{Stamp: by, ID: made.Deal, Name: name, History: room.HistoryAll},
		room.MemberAdded{Stamp: by, Deal: made.Deal, User: made.User},
	}
	for i := range topics {
		id := room.NewID()
		made.Topics = append(made.Topics, id)
		events = append(events, room.TopicCreated{Stamp: by, ID: id, Deal: made.Deal, Title: fmt.Sprintf("Topic %d", i+1), Number: i + 1})
	}
	if err := s.appendAll(ctx, events); err != nil {
		return nil, err
	}
	s.load.Lift(made.User)
	return made, nil
}

// endBench closes what makeBench has made.
func (s *Server) endBench(ctx context.Context, made benchRoom) error {
	s.load.Restore(made.User)
	by := room.Stamp{At: time.Now().UnixMilli()}
	no := false
	var events []room.Event
	for _, id := range made.Topics {
		events = append(events, room.TopicChanged{Stamp: by, ID: id, Open: &no})
	}
	return s.appendAll(ctx, append(events,
		room.DealChanged{Stamp: by, ID: made.Deal, Open: &no},
		room.UserChanged{Stamp: by, Name: made.User, Active: &no},
	))
}

func (s *Server) appendAll(ctx context.Context, events []room.Event) error {
	for _, ev := range events {
		if _, err := s.journal.Append(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

// reachable is where this machine reaches what listens at an address: one that
// stands for all of a family is not one to connect to.
func reachable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil || !at.Addr().IsUnspecified() {
		return a.String()
	}
	if at.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String()
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), at.Port()).String()
}
