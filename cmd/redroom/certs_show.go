package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redroom/certs"
	"redroom/server/terminal"
)

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
