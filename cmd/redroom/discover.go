package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/discover"
)

// discovering is what the flags of discover say.
type discovering struct {
	wait       time.Duration
	forget, ca string
	asJSON     bool
}

func newDiscover() *cobra.Command {
	var d discovering
	cmd := &cobra.Command{
		Use:   "discover [NAME]",
		Short: "Find servers on the local network, and connect to one",
		Long: `Find the servers that tell the local network that they are there (redroom serve
--announce), by mDNS with DNS-SD and by SSDP: name, address with port, and the pin
of the CA, with tabs between, by name. A server whose certificate somebody else has
signed has none, and a - in its place. Where there is no server, it ends with status 1.

At a terminal it asks which one to connect to; with NAME, or an address of the list,
it connects to that one. What answers there must have the pin that was found; the
pin is kept in servers.json in your configuration, and from then on the other
commands trust that CA at that address, and no other, without --pin. A server without
a pin is connected to by its name, for which its certificate has to be signed by a CA
that this system trusts, or one of --ca.

Anybody on the network can answer. The first time, a pin is worth as much as the
network that it came over: compare it with the one that redroom serve prints there.`,
		Example: `  redroom discover
  redroom discover 192.168.1.5:4433 && redroom signin anna --server 192.168.1.5:4433
  redroom discover --json | jq -r .pin`,
		Args: atMost(1, "one name at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case d.wait < minWait || d.wait > maxWait:
				return usageError{fmt.Errorf("--wait is a time from %s to %s, not %s", minWait, maxWait, d.wait)}
			case d.asJSON && len(args) > 0:
				return usageError{errors.New("--json prints a list, and NAME connects to one; give one of them")}
			case d.forget != "":
				return forget(d.forget)
			}
			return d.discover(cmd, append(args, "")[0])
		},
	}
	fl := cmd.Flags()
	fl.DurationVar(&d.wait, "wait", 2*time.Second, "how long to wait for answers, 100ms to 1m")
	fl.StringVar(&d.forget, "forget", "", "forget the pin that was kept for a server, `HOST:PORT`, and do nothing else")
	fl.StringVar(&d.ca, "ca", "", "trust the CAs of this PEM `file`, if the server has no pin")
	fl.BoolVar(&d.asJSON, "json", false, "print a JSON object a line, with all addresses and the ways by which each was found")
	return cmd
}

const (
	minWait = 100 * time.Millisecond
	maxWait = time.Minute
)

// forget forgets a server's pin.
func forget(server string) error {
	at, err := (&connection{server: server}).address()
	if err != nil {
		return usageError{fmt.Errorf("--forget %q is not an address such as 192.168.1.5:4433", server)}
	}
	known, err := readKnownServers()
	if err != nil {
		return err
	}
	if _, ok := known[at.String()]; !ok {
		return fmt.Errorf("no pin is kept for %s", at)
	}
	return known.forget(at.String())
}

// discover lists the servers, or connects to one.
func (d *discovering) discover(cmd *cobra.Command, name string) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), d.wait)
	defer cancel()
	found, whole, err := discover.Find(ctx)
	if err == nil && !whole {
		fmt.Fprintln(cmd.ErrOrStderr(), "WARNING: more answers came than are listed: somebody may be flooding this network, and the server that you look for may not be here")
	}
	switch {
	case err != nil:
		return err
	case cmd.Context().Err() != nil:
		return errInterrupted
	case len(found) == 0:
		return errors.New("no server tells this network that it is there: redroom serve --announce does, where a firewall lets UDP ports 5353 and 1900 through")
	case name != "":
		chosen, err := named(found, name)
		if err != nil {
			return err
		}
		return join(cmd.Context(), cmd.OutOrStdout(), chosen, d.ca)
	}
	ask := newAsker(cmd.ErrOrStderr())
	asking := ask.terminal && !d.asJSON
	if err := printFound(cmd.OutOrStdout(), found, d.asJSON, asking); err != nil || !asking {
		return err
	}
	answer, err := ask.ask(cmd.Context(), fmt.Sprintf("Connect to which one (1 to %d, or Enter for none)? ", len(found)))
	if err != nil || answer == "" {
		return err
	}
	number, err := strconv.Atoi(answer)
	if err != nil || number < 1 || number > len(found) {
		return fmt.Errorf("%q is not a number from 1 to %d", answer, len(found))
	}
	return join(cmd.Context(), cmd.OutOrStdout(), found[number-1], d.ca)
}

// printFound prints a line for each.
func printFound(out io.Writer, found []discover.Server, asJSON, numbered bool) error {
	var err error
	for i, s := range found {
		switch at := whereOf(s)[0].String(); {
		case asJSON:
			err = json.NewEncoder(out).Encode(struct {
				Name      string       `json:"name"`
				Server    string       `json:"server"` // for --server
				Addresses []netip.Addr `json:"addresses"`
				Port      uint16       `json:"port"`
				Pin       string       `json:"pin,omitempty"` // SHA-256 in hex
				Ways      []string     `json:"ways"`
			}{s.Name(), at, s.Addresses, s.Port, s.Pin, s.Ways})
		case numbered:
			_, err = fmt.Fprintf(out, "%d\t%s\t%s\t%s\n", i+1, s.Name(), at, cmp.Or(s.Pin, "-"))
		default:
			_, err = fmt.Fprintf(out, "%s\t%s\t%s\n", s.Name(), at, cmp.Or(s.Pin, "-"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// whereOf is where a server can be connected to: at its addresses, for which its own
// CA's certificate is; or, with somebody else's, by its name.
func whereOf(s discover.Server) (all []address) {
	port := strconv.Itoa(int(s.Port))
	if s.Pin == "" {
		return []address{{s.Host, port}}
	}
	for _, a := range s.Addresses {
		all = append(all, address{a.String(), port})
	}
	return all
}

// named is the server that is meant by a name or an address.
func named(found []discover.Server, name string) (chosen discover.Server, err error) {
	many := false
	for _, s := range found {
		is := s.Name() == name || s.ID == name
		for _, at := range whereOf(s) {
			is = is || at.String() == name
		}
		if is {
			many = many || chosen.ID != ""
			chosen = s
		}
	}
	switch {
	case chosen.ID == "":
		return chosen, fmt.Errorf("no server %q tells this network that it is there; redroom discover lists those that do", name)
	case many:
		return chosen, fmt.Errorf("more than one server calls itself %q: look at their pins with redroom discover, and choose by number there", name)
	}
	return chosen, nil
}

// join connects to a server that was found, has it prove its pin, and keeps that for
// the other commands.
func join(ctx context.Context, out io.Writer, s discover.Server, ca string) error {
	if s.Pin == "" {
		return joinSigned(ctx, out, s, ca)
	}
	if ca != "" {
		return fmt.Errorf("%s has a pin, which says whom to trust there; leave --ca out", s.Name())
	}
	known, err := readKnownServers()
	if err != nil {
		return err
	}
	if other := known.calledSo(s.Host, s.Pin); other != "" {
		return fmt.Errorf("a server called %q is known at %s by the pin %s, and this one has the pin %s: somebody else may pose as it; if you know why, run redroom discover --forget %s, and choose again", s.Host, other, known[other].Pin, s.Pin, other)
	}
	var failed error
	for _, at := range whereOf(s) {
		if err := known.checkAt(at, s.Pin); err != nil {
			return err
		}
		if err := greetAt(ctx, &connection{server: at.String(), pin: s.Pin}); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		word := "It is trusted from now on because it was the first that was found there (trust on first use):\ncompare the pin with the one that redroom serve prints there"
		if known.hasPin(s.Pin) {
			word = "This server is known already, by this pin"
		}
		if err := known.keep(at.String(), knownServer{s.Pin, s.Host}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "Connected to %s at %s, pin %s.\n%s.\nSign in with: redroom signin --server %s\n", s.Name(), at, s.Pin, word, at)
		return err
	}
	return failed
}

// joinSigned connects to a server without a pin, whose name is for who has signed
// its certificate to prove: one of the file ca, or if that is "", one that the system
// trusts.
func joinSigned(ctx context.Context, out io.Writer, s discover.Server, ca string) error {
	known, err := readKnownServers()
	if err != nil {
		return err
	}
	at, signed, flag := whereOf(s)[0], "that this system trusts", ""
	if ca != "" {
		signed, flag = "of "+ca, " --ca "+ca
	}
	if err := known.checkAt(at, ""); err != nil {
		return err
	}
	if err := greetAt(ctx, &connection{server: at.String(), ca: ca}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Connected to %s, whose certificate is signed by a CA %s.\nSign in with: redroom signin --server %s%s\n", at, signed, at, flag)
	return err
}

const greetWithin = 10 * time.Second

// greetAt connects to a server and has it answer.
func greetAt(ctx context.Context, to *connection) error {
	ctx, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	r, err := to.stranger(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base()+"/healthz", nil)
	if err != nil {
		return err
	}
	got, err := r.http.Do(ask)
	if err != nil {
		return said(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s, as no server does", to.server, got.Status)
	}
	return nil
}
