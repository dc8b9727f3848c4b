package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"redroom/certs"
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
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
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
