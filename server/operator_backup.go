package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"redroom/store"
)

// Backup writes a consistent copy of the store of a data directory to out: its
// server makes it, if it runs, while it goes on; else it is made of the store
// as it lies there.
func Backup(ctx context.Context, data string, out io.Writer) error {
	if client, ok := runningServer(ctx, data); ok {
		return askForBackup(ctx, client, out)
	}
	b, err := store.BackupStopped(ctx, data)
	if err != nil {
		return err
	}
	_, err = b.WriteTo(out)
	return errors.Join(err, b.Close())
}

func askForBackup(ctx context.Context, client *http.Client, out io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, operatorURL+"/backup", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the running server: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refused(answer)
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return fmt.Errorf("receiving the backup from the running server: %w", err)
	}
	return nil
}

// sendBackup answers with a backup. Its length is told before, so that a stream
// that breaks off is seen as that.
func (s *Server) sendBackup(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	control := http.NewResponseController(w)
	err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})) // it takes as long as it takes
	var b *store.Backup
	if err == nil {
		b, err = s.store.Backup(r.Context())
	}
	if err != nil {
		s.log.Warn("a backup could not be made", "error", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer func() {
		if err := b.Close(); err != nil {
			s.log.Warn("a backup's temporary file could not be removed", "error", err)
		}
	}()
	copied := time.Since(began)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(b.Size, 10))
	if _, err := b.WriteTo(w); err != nil {
		s.log.Warn("a backup could not be sent", "error", err)
		return
	}
	s.log.Info("backup made", "position", b.Position, "bytes", b.Size, "copying", copied, "sending", time.Since(began)-copied)
}
