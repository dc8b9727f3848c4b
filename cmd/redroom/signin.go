package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"redroom/server"
	"redroom/server/room"
	"redroom/server/terminal"
)

const tokenFlag = "token"

func newSignIn() *cobra.Command {
	var (
		c     connection
		token bool
	)
	cmd := &cobra.Command{
		Use:   "signin [NAME]",
		Short: "Sign in to a server, for the other commands",
		Long: `Sign in to a server, and keep that sign-in for the other commands, until it ends
or redroom signout. It stands among one's sign-ins in the page, by the name of this
machine, and can be ended there. Another one that was kept for the server ends.

At a terminal the password is asked for, and where there is a second factor its code
or a recovery code. Else they are the lines of standard input.

With --token no one signs in: a program's token, of redroom user token, is read from
standard input and kept. REDROOM_TOKEN beats whatever is kept.`,
		Example: `  redroom signin anna
  redroom signin anna --server room.example.com:4433 --pin 5f0c…
  redroom signin --token < token.txt`,
		Args: atMost(1, "the user's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.stranger(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			s := signingIn{remote: r, ask: newAsker(cmd.ErrOrStderr()), out: cmd.OutOrStdout()}
			if os.Getenv(tokenVariable) != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s is set, and beats what is kept\n", tokenVariable)
			}
			switch {
			case token && len(args) > 0:
				return usageError{fmt.Errorf("a token says whose it is; give a name or --token; see %s --help", cmd.CommandPath())}
			case token:
				return s.keepToken(cmd.Context())
			case len(args) > 0:
				return s.signIn(cmd.Context(), args[0])
			case !s.ask.terminal:
				return usageError{fmt.Errorf("say who signs in; see %s --help", cmd.CommandPath())}
			}
			return s.signIn(cmd.Context(), "")
		},
	}
	c.flags(cmd.Flags())
	cmd.Flags().BoolVar(&token, tokenFlag, false, "keep a program's token, a line of standard input")
	return cmd
}

// enter is room, for whoever sits at a terminal: who hasn't signed in does.
func (c *connection) enter(ctx context.Context, out io.Writer) (*remote, error) {
	r, err := c.stranger(ctx)
	if err != nil {
		return nil, err
	}
	err = r.identify()
	if errors.Is(err, errNobody) && atTerminal() {
		err = (&signingIn{remote: r, ask: newAsker(out), out: out}).signIn(ctx, "")
	}
	return r, err
}

// signingIn is how a remote becomes somebody's.
type signingIn struct {
	*remote
	ask *asker
	out io.Writer
}

// signIn asks for what there is to ask, signs in, and keeps that.
func (s *signingIn) signIn(ctx context.Context, name string) (err error) {
	kept, err := openKeptCredentials() // before anything is asked
	if err != nil {
		return err
	}
	var asked struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Code     string `json:"code,omitempty"`
	}
	if asked.Name = name; name == "" {
		if asked.Name, err = s.ask.ask(ctx, "User name: "); err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
	}
	if asked.Password, err = s.ask.askSecret(ctx, "Password: "); err != nil {
		return fmt.Errorf("signing in: the password: %w", err)
	}
	before := kept.servers[s.at.String()].Cookie
	for {
		who, err := s.open(ctx, asked, before)
		var needs *room.NeedsCode
		switch {
		case err == nil:
			return s.keep(ctx, kept, who)
		case !errors.As(err, &needs):
			return fmt.Errorf("signing in: %w", err)
		case asked.Code != "" && !s.ask.terminal:
			return fmt.Errorf("signing in: %w", err)
		case asked.Code != "":
			fmt.Fprintln(s.ask.prompts, needs.Error())
		}
		if asked.Code, err = s.ask.askSecret(ctx, "Code of the second factor, or a recovery code: "); err != nil {
			return fmt.Errorf("signing in: %s %w", needs.Error(), err)
		}
	}
}

// signedInAs is who the server says one is.
type signedInAs struct {
	Name, Display, Role string
	Enroll              bool
}

// open opens a sign-in, in the place of one that was kept before.
func (s *signingIn) open(ctx context.Context, asked any, before string) (credential, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return credential{}, err
	}
	base, err := url.Parse(s.base())
	if err != nil {
		return credential{}, err
	}
	if before != "" {
		jar.SetCookies(base, []*http.Cookie{{Name: cookieName, Value: before, Path: "/", Secure: true}})
	}
	desk := server.Administer(&http.Client{Transport: s.http.Transport, CheckRedirect: s.http.CheckRedirect, Jar: jar}, s.base())
	var who signedInAs
	if err := desk.Do(ctx, http.MethodPost, "/api/session", asked, &who); err != nil {
		return credential{}, said(err)
	}
	for _, cookie := range jar.Cookies(base) {
		if cookie.Name == cookieName {
			return credential{Name: who.Name, Cookie: cookie.Value}, nil
		}
	}
	return credential{}, errors.New("the server has set no cookie")
}

// keep keeps a credential that is good for something, and says whose it is; else
// it ends the sign-in.
func (s *signingIn) keep(ctx context.Context, kept *keptCredentials, who credential) error {
	s.who = who
	var is signedInAs
	err := s.Do(ctx, http.MethodGet, "/api/session", nil, &is)
	if err == nil && is.Enroll {
		err = enrollFirst(s.at)
	}
	if err == nil {
		s.who.Name = is.Name
		kept.servers[s.at.String()] = s.who
		err = kept.save()
	}
	if err != nil {
		if who.Cookie != "" {
			err = errors.Join(err, s.end(ctx))
		}
		return err
	}
	fmt.Fprintf(s.out, "Signed in at %s as %s (%s, %s)\n", s.at, terminal.Clean(is.Name), terminal.Clean(is.Display), terminal.Clean(is.Role))
	return nil
}

func (s *signingIn) keepToken(ctx context.Context) error {
	kept, err := openKeptCredentials()
	if err != nil {
		return err
	}
	token, err := s.ask.askSecret(ctx, "Token: ")
	if err == nil && !isVisible(token) {
		err = errors.New("it has characters that no token has")
	}
	if err != nil {
		return fmt.Errorf("keeping a token: %w", err)
	}
	before := kept.servers[s.at.String()]
	if err := s.keep(ctx, kept, credential{Token: token}); err != nil {
		return fmt.Errorf("keeping a token: %w", err)
	}
	if before.Cookie != "" {
		s.who = before
		return s.end(ctx)
	}
	return nil
}

const endWithinSignOut = 10 * time.Second

// end ends the sign-in on the server, also when it has been interrupted here.
func (r *remote) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithinSignOut)
	defer cancel()
	err := r.Do(ctx, http.MethodDelete, "/api/session", nil, nil)
	if errors.Is(err, errSignInOver) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ending the sign-in on the server: %w", err)
	}
	return nil
}

func newSignOut() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "signout",
		Short: "End the sign-in that redroom signin has kept",
		Long: `End the sign-in that redroom signin has kept for a server, with whatever is
connected by it, and forget it. A program's token is only forgotten; redroom user
revoke ends it.`,
		Example: "  redroom signout\n  redroom signout --server room.example.com:4433",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := openKeptCredentials()
			if err != nil {
				return err
			}
			at, err := c.address()
			if err != nil {
				return err
			}
			who, ok := kept.servers[at.String()]
			if !ok {
				return fmt.Errorf("nobody is signed in at %s", at)
			}
			if who.Cookie != "" {
				r, err := c.stranger(cmd.Context())
				if err != nil {
					return err
				}
				defer r.Close()
				r.who = who
				if err := r.end(cmd.Context()); err != nil {
					return err
				}
			}
			delete(kept.servers, at.String())
			return kept.save()
		},
	}
	c.flags(cmd.Flags())
	return cmd
}
