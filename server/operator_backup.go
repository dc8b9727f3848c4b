package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"redroom/server/journal"
	"redroom/server/room"
	"redroom/store"
)

// Backup writes a consistent copy of the store of a data directory to out: its
// server makes it, if it runs, while it goes on; else it is made of the store
// as it lies there. The audit trail has it before, and so has the copy; but for
// a store of an older redroom's, which is left as it is and may have no trail.
func Backup(ctx context.Context, data string, out io.Writer, log *slog.Logger) error {
	if client, ok := runningServer(ctx, data); ok {
		return askForBackup(ctx, client, out)
	}
	current, err := store.IsCurrent(data)
	if err != nil {
		return err
	}
	if current {
		if err := noteBackupStopped(ctx, data, log); err != nil {
			return err
		}
	}
	b, err := store.BackupStopped(ctx, data)
	if err != nil {
		return err
	}
	_, err = b.WriteTo(out)
	return errors.Join(err, b.Close())
}

// noteBackupStopped is noteBackup for a store that no server has open.
func noteBackupStopped(ctx context.Context, data string, log *slog.Logger) error {
	s, err := openStopped(ctx, data, log)
	if err != nil {
		return err
	}
	return errors.Join(noteBackup(ctx, s.journal), s.close())
}

// noteBackup has the audit trail say that a backup is made.
func noteBackup(ctx context.Context, j *journal.Journal) error {
	_, err := j.Append(ctx, room.Noted{Stamp: room.Stamp{At: time.Now().UnixMilli()}, Action: room.ActionBackedUp})
	if err != nil {
		return fmt.Errorf("a backup is noted in the audit trail before it is made, and that can't be written now: %w", err)
	}
	return nil
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
	if err == nil {
		err = noteBackup(r.Context(), s.journal)
	}
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
