package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"redroom/server/hub"
	"redroom/server/journal"
	"redroom/server/room"
	"redroom/server/signin"
	"redroom/store"
)

// socketName is the Unix socket in the data directory on which a running
// server takes the operator's commands. Whoever may open it is the operator.
const socketName = "redroom.sock"

// operatorURL stands for the socket; the name is looked up nowhere.
const operatorURL = "http://operator"

// NewUser is an account that the operator makes.
type NewUser struct {
	Name     string `json:"name"`
	Display  string `json:"display"` // "": the name
	Role     string `json:"role"`    // admin, member, observer or bot
	Password string `json:"password"`
}

// NewPassword is one that can be typed: 80 random bits in four groups.
func NewPassword() string {
	id := room.NewID()
	return strings.Join([]string{id[:4], id[4:8], id[8:12], id[12:]}, "-")
}

// Operator takes commands of whoever owns the data directory, and puts them
// through the journal: of a running server by its socket, else of the store
// itself.
type Operator struct {
	addUser func(context.Context, NewUser) error
	close   func() error
}

// OpenOperator finds the server of a data directory, or opens the store.
func OpenOperator(ctx context.Context, data string, log *slog.Logger) (*Operator, error) {
	if client, ok := runningServer(ctx, data); ok {
		return &Operator{
			addUser: func(ctx context.Context, u NewUser) error {
				return askOperator(ctx, client, http.MethodPost, "/users", u, nil)
			},
			close: func() error { return nil },
		}, nil
	}
	st, err := store.Open(ctx, data)
	if err != nil {
		return nil, err
	}
	h := hub.New(st)
	j := journal.New(st, h, log)
	desk := signin.New(signin.Config{Store: st, Journal: j, Log: log})
	return &Operator{
		addUser: func(ctx context.Context, u NewUser) error { return addUser(ctx, desk, j, u) },
		close: func() error {
			j.Close()
			h.Close()
			return st.Close()
		},
	}, nil
}

// runningServer is the way to a data directory's server, if one runs.
func runningServer(ctx context.Context, data string) (_ *http.Client, ok bool) {
	path := filepath.Join(data, socketName)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, false
	}
	conn.Close()
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", path)
		},
	}}, true
}

// AddUser makes an account.
func (o *Operator) AddUser(ctx context.Context, u NewUser) error { return o.addUser(ctx, u) }

// Close ends it.
func (o *Operator) Close() error { return o.close() }

// addUser is what both ways come to.
func addUser(ctx context.Context, desk *signin.Desk, j *journal.Journal, u NewUser) error {
	if u.Display == "" {
		u.Display = u.Name
	}
	if !room.ValidPassword(u.Password) {
		return room.Refuse(room.ErrUnprocessable, fmt.Sprintf("A password has %d to %d octets.", room.MinPassword, room.MaxPassword))
	}
	hashed, err := desk.HashPassword(ctx, u.Password)
	if err != nil {
		return err
	}
	_, err = j.Append(ctx, room.UserAdded{
		Stamp:          room.Stamp{At: time.Now().UnixMilli()},
		Name:           u.Name,
		Display:        norm.NFC.String(u.Display),
		Role:           room.Role(u.Role),
		PasswordHashed: hashed,
	})
	return err
}

// listenOperator opens the socket. One that an ended server left behind is
// replaced; the store's lock has shown that no other server runs.
func (s *Server) listenOperator(ctx context.Context) (net.Listener, error) {
	path := filepath.Join(s.config.Data, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old operator's socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path) // the directory is 0700, so nobody comes before the mode is set
	if err != nil {
		return nil, fmt.Errorf("opening the operator's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("closing the operator's socket to others: %w", err), l.Close())
	}
	return l, nil
}

// operatorCommands answers what comes by the socket.
func (s *Server) operatorCommands() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		var u NewUser
		answerOperator(w, r, &u, func() (any, error) { return struct{}{}, addUser(r.Context(), s.desk, s.journal, u) })
	})
	mux.HandleFunc("POST /backup", s.sendBackup)
	s.benchCommands(mux)
	return mux
}

// answerOperator does what was asked, once it is decoded into command.
func answerOperator(w http.ResponseWriter, r *http.Request, command any, do func() (any, error)) {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(command)
	if err != nil {
		err = room.ErrMalformed
	}
	var answer any
	if err == nil {
		answer, err = do()
	}
	if err != nil {
		refusal := room.AsError(err)
		http.Error(w, refusal.Text, refusal.Code)
		return
	}
	json.NewEncoder(w).Encode(answer) // who asked hears of a failure by himself
}

// askOperator sends a command to a running server and decodes its answer, if
// that is wanted.
func askOperator(ctx context.Context, client *http.Client, method, path string, command, answer any) error {
	body, err := json.Marshal(command)
	if err != nil {
		return fmt.Errorf("encoding the command: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, operatorURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	got, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the running server: %w", err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return refused(got)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(got.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the running server's answer: %w", err)
	}
	return nil
}

// refused is the answer of a server that didn't do what it was asked to.
func refused(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("reading the running server's answer: %w", err)
	}
	return &room.Error{Code: answer.StatusCode, Text: string(bytes.TrimSpace(text))}
}
