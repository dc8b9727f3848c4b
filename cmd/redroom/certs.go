package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redroom/certs"
	"redroom/server/terminal"
)

func newCerts() *cobra.Command {
	return group("certs", "A local authority, and certificates for names, to try TLS without a public one",
		newCertsCA(), newCertsMake(), newCertsShow(), newCertsTrust())
}

// certsFlags are those of the commands with a local CA.
type certsFlags struct {
	dir    string
	asJSON bool
}

func (f *certsFlags) dirFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "ca-dir", "", "`directory` of the local CA (default: redroom/ca in the user's configuration directory)")
}

func (f *certsFlags) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "as JSON")
}

// caDir is where the local CA is.
func (f *certsFlags) caDir() (string, error) {
	if f.dir != "" {
		return filepath.Abs(f.dir)
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding where the local CA is: %w; say it with --ca-dir", err)
	}
	return filepath.Join(config, "redroom", "ca"), nil
}

// openCA is the CA that redroom certs ca has made, and its certificate's file.
func (f *certsFlags) openCA() (*certs.CA, string, error) {
	dir, err := f.caDir()
	if err != nil {
		return nil, "", err
	}
	ca, err := certs.OpenLocalCA(dir)
	if errors.Is(err, certs.ErrNoLocalCA) {
		err = fmt.Errorf("%w; make one with redroom certs ca, or name another directory with --ca-dir", err)
	}
	return ca, certs.LocalCAFile(dir), err
}

func newCertsCA() *cobra.Command {
	var f certsFlags
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Make a local certificate authority",
		Long: `Make a certificate authority of one's own, unless there is one, and say where its
certificate is and when it ends. It has nothing to do with the one that a server has
in its data directory.

Its key, of mode 0600, stays in the directory. Whoever gets hold of it can pose as
any site to all who trust the authority: give away its certificate only, and have
nobody trust it for longer than is needed; see redroom certs trust.`,
		Example: "  redroom certs ca\n  redroom certs ca --ca-dir ./ca --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := f.caDir()
			if err != nil {
				return err
			}
			ca, err := certs.MakeLocalCA(dir)
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), described(certs.LocalCAFile(dir), ca.Certificate()))
		},
	}
	f.dirFlag(cmd)
	f.jsonFlag(cmd)
	return cmd
}

func newCertsMake() *cobra.Command {
	var (
		f                 certsFlags
		certFile, keyFile string
	)
	cmd := &cobra.Command{
		Use:   "make NAME…",
		Short: "Make a certificate of the local authority for host names and IP addresses",
		Long: `Make a certificate of a year for host names and IP addresses, signed by the local
authority, and its key, of mode 0600: in two files for redroom serve --tls-cert and
--tls-key, or any other server. *.example.com is all names one level below.

Made again, it replaces the two files. A server takes the new ones without a restart.
Other files are never replaced.`,
		Example: `  redroom certs make localhost 127.0.0.1 ::1
  redroom certs make room.example.com --cert cert.pem --key key.pem`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := serverNames(cmd, args)
			if err != nil {
				return err
			}
			if (certFile == "") != (keyFile == "") {
				return usageError{errors.New("--cert and --key are given together, or neither")}
			}
			if certFile == "" {
				certFile, keyFile = certs.PairFiles(names)
			}
			ca, _, err := f.openCA()
			if err != nil {
				return err
			}
			pair, err := ca.Pair(names)
			if err != nil {
				return err
			}
			if err := pair.Write(certFile, keyFile); err != nil {
				return err
			}
			made := described(certFile, pair.Certificate())
			made.Key = keyFile
			return f.print(cmd.OutOrStdout(), made)
		},
	}
	f.dirFlag(cmd)
	f.jsonFlag(cmd)
	cmd.Flags().StringVar(&certFile, "cert", "", "the certificate's `file` (default: by the names, such as localhost+2.pem)")
	cmd.Flags().StringVar(&keyFile, "key", "", "its key's `file` (default: such as localhost+2-key.pem)")
	return cmd
}

// serverNames are those that a certificate is to be for.
func serverNames(cmd *cobra.Command, args []string) (names []string, err error) {
	if len(args) == 0 {
		return nil, usageError{fmt.Errorf("%s takes the names and addresses that the certificate is for; see %s --help", cmd.CommandPath(), cmd.CommandPath())}
	}
	for _, arg := range args {
		name, err := certs.ServerName(arg)
		if err != nil {
			return nil, usageError{err}
		}
		if slices.Contains(names, name) {
			return nil, usageError{fmt.Errorf("%q is named twice", arg)}
		}
		names = append(names, name)
	}
	return names, nil
}

func newCertsShow() *cobra.Command {
	var f certsFlags
	cmd := &cobra.Command{
		Use:     "show FILE",
		Short:   "Say whom a file's certificates are for, who has signed them, and when they end",
		Example: "  redroom certs show localhost+2.pem\n  redroom certs show /etc/ssl/room/fullchain.pem --json",
		Args:    exactly(1, "a file of certificates in PEM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := certs.ReadCertificates(args[0])
			if err != nil {
				return err
			}
			var all []certificate
			for _, c := range found {
				all = append(all, described(args[0], c))
			}
			return f.print(cmd.OutOrStdout(), all...)
		},
	}
	f.jsonFlag(cmd)
	return cmd
}

// certificate is what there is to know of one.
type certificate struct {
	File   string    `json:"file"`
	Key    string    `json:"key,omitempty"` // its file
	Name   string    `json:"name"`          // the subject
	Signed string    `json:"signed"`        // by whom
	CA     bool      `json:"ca"`
	Names  []string  `json:"names,omitempty"`
	From   time.Time `json:"from"`
	Ends   time.Time `json:"ends"`
	SHA256 string    `json:"sha256"`
}

func described(file string, c *x509.Certificate) certificate {
	return certificate{
		File: file, Name: c.Subject.String(), Signed: c.Issuer.String(), CA: c.IsCA, Names: certs.NamesOf(c),
		From: c.NotBefore, Ends: c.NotAfter, SHA256: certs.Pin(c),
	}
}

// print prints certificates: in JSON one a line.
func (f *certsFlags) print(out io.Writer, all ...certificate) error {
	for i, c := range all {
		if f.asJSON {
			line, err := json.Marshal(c)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s\n", terminal.EscapeJSON(line)); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := c.print(clean{out}, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

func (c certificate) print(out io.Writer, now time.Time) error {
	var text strings.Builder
	line := func(what, is string) {
		if is != "" {
			fmt.Fprintf(&text, "%-12s %s\n", what, is)
		}
	}
	line("file", c.File)
	line("key", c.Key)
	line("certificate", c.Name)
	line("for", strings.Join(c.Names, ", "))
	if c.CA {
		line("signs", "others, as an authority")
		line("pin", c.SHA256)
	} else {
		line("signed by", c.Signed)
	}
	if now.Before(c.From) {
		line("begins", c.From.UTC().Format(time.RFC3339))
	}
	line("ends", c.Ends.UTC().Format(time.RFC3339)+", "+inDays(c.Ends.Sub(now)))
	_, err := io.WriteString(out, text.String())
	return err
}

// inDays says how long it is until something ends.
func inDays(left time.Duration) string {
	days := int(left / (24 * time.Hour))
	switch {
	case left < 0:
		return "it has ended"
	case days == 0:
		return "in less than a day"
	case days == 1:
		return "in a day"
	}
	return fmt.Sprintf("in %d days", days)
}

func newCertsTrust() *cobra.Command {
	var f certsFlags
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Say how the local authority is trusted on each system, and how that ends",
		Long: `Say how browsers and tools are had trust the local authority on each system, and how
that ends again. Nothing is changed on this one. On other machines it is the same with
a copy of the certificate's file; its key is never needed there.`,
		Example: "  redroom certs trust\n  redroom certs trust --ca-dir ./ca",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ca, file, err := f.openCA()
			if err != nil {
				return err
			}
			return printSystems(clean{cmd.OutOrStdout()}, certs.Systems(file, ca.Certificate().Subject.CommonName))
		},
	}
	f.dirFlag(cmd)
	return cmd
}

func printSystems(out io.Writer, systems []certs.System) error {
	var text strings.Builder
	for i, s := range systems {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s:\n", s.Name)
		if s.Press != "" {
			fmt.Fprintf(&text, "  %s\n", s.Press)
		}
		for _, line := range s.Add {
			fmt.Fprintf(&text, "  %s\n", line)
		}
		if len(s.Remove) > 0 {
			text.WriteString("  To undo it:\n")
		}
		for _, line := range s.Remove {
			fmt.Fprintf(&text, "    %s\n", line)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}
