package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"redroom/certs"
	"redroom/server/client"
	"redroom/server/feed"
	"redroom/server/room"
)

type feedFlags struct {
	connection

	every, timeout  time.Duration
	pick            string
	changed         bool
	sourceCA, spool string
	spoolMax        int
	log             logFlags
}

const (
	minEvery   = 10 * time.Millisecond
	maxTimeout = 10 * time.Second // unless --source-timeout says so

	// authorizationVariable has what the source is shown. It is no flag: others
	// can see those.
	authorizationVariable = "REDROOM_FEED_AUTHORIZATION"
)

func newFeed() *cobra.Command {
	var f feedFlags
	cmd := &cobra.Command{
		Use:   "feed URL TOPIC",
		Short: "Report a JSON source into a topic, for ever",
		Long: `Fetch JSON from an HTTP source again and again, and post it into a topic, named by
its id or by Deal/Title, as a report. It goes on whatever fails, the source, the
server or the network: each reading that it took is kept in a spool on the disk
until the server has it, and is in the topic once, in order, also after the feed
itself was killed. Each kind of trouble is said once on stderr, and when it is over.
It ends, with status 1, when its sign-in has ended or may not post any more; the
spool stays, and is sent when the feed is started again.

The source answers with one value of JSON, of 1 MiB at most. A header
Authorization for it is taken from ` + authorizationVariable + `, and is sent to
the URL's own host only. A redirect to another host is not followed.

--pick is a filter in the language of jq. If it gives several values they become an
array; if it gives none, there is nothing to report.`,
		Example: `  redroom feed https://plant.example/meter.json Alpha/Figures --every 2s
  redroom feed https://plant.example/meter.json Alpha/Figures --pick '{power, total: .meters[0].sum}' --changed
  REDROOM_FEED_AUTHORIZATION="Bearer $KEY" redroom feed https://plant.example/api r7k2m9c4x8f1v5q3 --every 1m`,
		Args: exactly(2, "the source's URL and the topic"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), args[0], args[1], cmd.ErrOrStderr())
		},
		ValidArgsFunction: completeTopic(&f.connection, 1),
	}
	fl := cmd.Flags()
	f.connection.flags(fl)
	fl.DurationVar(&f.every, "every", 2*time.Second, "how often a reading is taken, `duration`")
	fl.DurationVar(&f.timeout, "source-timeout", 0, "how long the source may take; 0: as long as --every, 10 s at most")
	fl.StringVar(&f.pick, "pick", "", "what of a reading is reported: a `filter` of jq; all of it if not given")
	fl.BoolVar(&f.changed, "changed", false, "report a reading only if it differs from the one before")
	fl.StringVar(&f.sourceCA, "source-ca", "", "trust the CAs of this PEM `file` for the source, and no others")
	fl.StringVar(&f.spool, "spool", "", "the `file` of readings that are not posted yet; in the user's config directory if not given")
	fl.IntVar(&f.spoolMax, "spool-max", 100_000, fmt.Sprintf("how many `readings`, and %d MiB at most, are kept before no more are taken", feed.MaxSpool>>20))
	f.log.add(fl)
	return cmd
}

// run feeds until ctx ends.
func (f *feedFlags) run(ctx context.Context, url, topic string, diagnostics io.Writer) (err error) {
	log, err := f.log.logger(diagnostics)
	if err != nil {
		return err
	}
	config, err := f.config(url)
	if err != nil {
		return err
	}
	config.Log = log
	r, err := f.room(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	config.Client = r.Config()
	if config.Topic, err = awaitTopic(ctx, r, topic, log); err != nil {
		return untilInterrupted(ctx, err)
	}
	if config.SpoolPath = f.spool; config.SpoolPath == "" {
		if config.SpoolPath, err = defaultSpool(r.at, config.Topic, config.Source.Name()); err != nil {
			return err
		}
	}
	if config.Spool, err = client.OpenOutbox(ctx, config.SpoolPath); err != nil {
		return untilInterrupted(ctx, spoolAdvice(err))
	}
	defer func() { err = errors.Join(err, config.Spool.Close()) }()
	return feed.Run(ctx, config)
}

// config is what the flags say, which is checked before anything is asked for.
func (f *feedFlags) config(url string) (c feed.Config, err error) {
	switch {
	case f.every < minEvery:
		return c, usageError{fmt.Errorf("--every is %v at least, not %v", minEvery, f.every)}
	case f.timeout < 0:
		return c, usageError{fmt.Errorf("--source-timeout is a duration, or 0, not %v", f.timeout)}
	case f.spoolMax < 1:
		return c, usageError{fmt.Errorf("--spool-max is 1 at least, not %d", f.spoolMax)}
	}
	if f.pick != "" {
		if c.Filter, err = feed.ParseFilter(f.pick); err != nil {
			return c, usageError{fmt.Errorf("--pick: %w", err)}
		}
	}
	var trust *tls.Config
	if f.sourceCA != "" {
		if trust, err = certs.TrustFile(f.sourceCA); err != nil {
			return c, fmt.Errorf("--source-ca: %w", err)
		}
	}
	timeout := f.timeout
	if timeout == 0 {
		timeout = min(f.every, maxTimeout)
	}
	if c.Source, err = feed.NewSource(url, os.Getenv(authorizationVariable), trust, timeout); err != nil {
		return c, usageError{err}
	}
	c.Every, c.Changed, c.SpoolMax = f.every, f.changed, f.spoolMax
	return c, nil
}

// awaitTopic is a topic's id. Where it is named otherwise the server has to be
// asked, and is waited for.
func awaitTopic(ctx context.Context, r *remote, name string, log *slog.Logger) (id string, err error) {
	if room.ValidID(name) {
		return name, nil
	}
	const again = 2 * time.Second
	for said := false; ; said = true {
		id, err = r.Topic(ctx, name)
		if err == nil || !isAway(err) {
			return id, err
		}
		if !said {
			log.Warn("the room can not be reached, and is waited for, to find the topic", "why", err)
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// isAway tells what passes by itself when a server has started.
func isAway(err error) bool {
	var refusal *room.Error
	if errors.As(err, &refusal) {
		return refusal.Retry
	}
	return errors.Is(err, errUnreachable)
}

// defaultSpool is where the readings of a source for a topic are kept, in a
// directory that is made if there is none.
func defaultSpool(at address, topic, source string) (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding where to keep readings; say it with --spool: %w", err)
	}
	dir := filepath.Join(config, "redroom", "feeds")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the spool's directory; name another file with --spool: %w", err)
	}
	which := sha256.Sum256([]byte(at.String() + "\n" + source))
	return filepath.Join(dir, topic+"-"+hex.EncodeToString(which[:4])+".spool"), nil
}

func spoolAdvice(err error) error {
	if errors.Is(err, client.ErrOutboxInUse) {
		return fmt.Errorf("another feed of this source into this topic runs; stop it, or name another file with --spool: %w", err)
	}
	return fmt.Errorf("opening the spool: %w", err)
}

// untilInterrupted is nil if somebody has ended it, which is no failure of what
// goes on until then.
func untilInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
